internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls

/// One client that brings up volumes, uses them and takes them down again, one after the other, and makes every call until
/// it succeeds, as orchestrators do. It knows what was acknowledged, and looks for it.
final class SoakWorker {
    private struct Held {
        let name: String
        let kind: VolumeKind
        var volume: TestVolume
        /// Records that are flushed, from the first on.
        var records = 0
    }

    private let node: NodeUnderTest
    private let tally: SoakTally
    private let number: Int
    private var random: SeededRandom
    private var lives = 0

    /// Seconds after which a call that never succeeds is a loss: no fault lasts nearly as long.
    private static let patience = 90.0

    init(_ node: NodeUnderTest, _ tally: SoakTally, _ number: Int, seed: UInt64) {
        self.node = node
        self.tally = tally
        self.number = number
        random = SeededRandom(seed: seed &+ UInt64(number))
    }

    func run() async {
        while !tally.isOver {
            do { try await live() } catch { tally.lose("worker \(number): \(error)") }
        }
    }

    private func live() async throws {
        lives += 1
        let kinds: [VolumeKind] = [.ext4, .ext4, .ext4, .xfs, .btrfs, .block]
        let kind = kinds.randomElement(using: &random) ?? .ext4
        // The name comes again: a volume is never taken for its predecessor.
        let name = "w\(number)-\(lives % 3)"
        // A raw block device that is published is had at one moment only where its blocks can be shared.
        let isThick = Int.random(in: 0..<5, using: &random) == 0 && !kind.isBlock
        let parameters = isThick ? ["provisioning": "thick"] : [:]
        var held = Held(name: name, kind: kind, volume: try await make(name, kind, parameters))
        try await call("use \(name)") { try await $0.use(held.volume, as: name) }
        for _ in 0..<Int.random(in: 2...8, using: &random) where !tally.isOver { try await deed(&held) }
        try await verify(held, at: name)
        try await remove(held)
    }

    private func make(
        _ name: String, _ kind: VolumeKind, _ parameters: [String: String]
    ) async throws -> TestVolume {
        try await call("create \(name)") {
            try await $0.create(name, kind.capability, size: kind.size, parameters: parameters)
        }
    }

    private func remove(_ held: Held) async throws {
        let name = held.name
        // Now and then nobody unpublishes what is deleted: that is refused, and the volume stays as it is.
        try await call("stop \(name)") { try await $0.stopUsing(held.volume, as: name) }
        try await call("delete \(name)") { try await $0.delete(held.volume) }
        let listed = try await call("list") { try await $0.call(CSIMethod.listVolumes, ListVolumesRequest()).entries }
        tally.check(!listed.contains { $0.volume?.volumeID == held.volume.id }, "\(name) is listed after its deletion")
    }

    private func deed(_ held: inout Held) async throws {
        let name = held.name
        let volume = held.volume
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2: try await append(to: &held)
        case 3:
            try await call("stop \(name)") { try await $0.stopUsing(volume, as: name) }
            try await call("use \(name)") { try await $0.use(volume, as: name) }
            try await verify(held, at: name)
        case 4:
            // Said again it is what it was.
            try await call("stage \(name)") { try await $0.stage(volume, at: "\(name).staging") }
            try await call("publish \(name)") { try await $0.publish(volume, at: name, from: "\(name).staging") }
            tally.check(node.folder.mounts(at: node.path(name)) == 1, "\(name) is mounted more than once")
        case 5, 6: try await snapshot(held)
        case 7:
            let size = volume.size + 16 * mebibyte
            guard size < 2 * held.kind.size + 128 * mebibyte, held.kind.name != "ext4", held.kind.name != "btrfs" else {
                return
            }
            _ = try await call("expand \(name)") { try await $0.expand(volume, to: size) }
            held.volume = TestVolume(id: volume.id, context: volume.context, size: size, capability: volume.capability)
            try await verify(held, at: name)
        case 8:
            let kibibytes = Int.random(in: 1...8, using: &random) * 128
            try await call("modify \(name)") { try await $0.modify(volume, ["readAheadKiB": "\(kibibytes)"]) }
        default: try await misuse(held)
        }
    }

    /// Appends records and flushes each.
    private func append(to held: inout Held) async throws {
        let path = held.kind.file(node.path(held.name))
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let record = held.records
            do {
                try await write(Chronicle.record(record), to: path, at: Int64(record * Chronicle.recordLength))
            } catch let error as SystemError where error.code == EROFS && held.kind.name == "btrfs" {
                return try await mountAnew(held)
            }
            held.records += 1
        }
    }

    /// A kill that meets a btrfs in the moment of its thaw stops it: the kernel takes the interrupted look at its superblock for
    /// a changed one (btrfs_unfreeze, seen on Linux 6.18). The volume says so, and whoever mounts it anew has all of it.
    private func mountAnew(_ held: Held) async throws {
        tally.fault("btrfs stopped by the kernel")
        let volume = held.volume
        let condition = try await call("ask \(held.name)") { try await $0.condition(volume) }
        tally.check(condition?.abnormal == true, "\(held.name) was stopped and is told of as well")
        try await call("stop \(held.name)") { try await $0.stopUsing(volume, as: held.name) }
        try await call("use \(held.name)") { try await $0.use(volume, as: held.name) }
        try await verify(held, at: held.name)
    }

    /// Every record that was flushed is there.
    private func verify(_ held: Held, at name: String) async throws {
        guard held.records > 0 else { return }
        let bytes = try await read(held.kind.file(node.path(name)), count: held.records * Chronicle.recordLength)
        for record in 0..<held.records {
            let place = record * Chronicle.recordLength
            let found = bytes[place..<place + Chronicle.recordLength]
            tally.check(Array(found) == Chronicle.record(record), "record \(record) of \(held.records) at \(name)")
        }
    }

    /// Takes a snapshot, writes on, and expects a volume made of it to hold what was there.
    private func snapshot(_ held: Held) async throws {
        var later = held
        let name = "\(held.name)-s"
        let taken = try await call("snapshot \(name)") {
            try await $0.snapshot(held.volume, name, parameters: ["maxFreeze": "60s"])
        }
        try await append(to: &later)
        let restored = try await call("restore \(name)") {
            try await $0.restore(taken, "\(name)-r", held.kind.capability, size: held.volume.size)
        }
        var copy = held
        copy.volume = restored
        try await call("use \(name)-r") { try await $0.use(restored, as: "\(name)-r") }
        try await verify(copy, at: "\(name)-r")
        try await call("stop \(name)-r") { try await $0.stopUsing(restored, as: "\(name)-r") }
        try await call("delete \(name)-r") { try await $0.delete(restored) }
        try await call("delete snapshot \(name)") { try await $0.delete(snapshot: taken) }
        try await verify(later, at: held.name)
    }

    /// Calls that have to be refused, whatever else goes on.
    private func misuse(_ held: Held) async throws {
        let (node, volume) = (node, held.volume)
        let refusals: [(String, () async throws(RPCStatus) -> Void)] = [
            ("a deletion while it is mounted", { () async throws(RPCStatus) in try await node.delete(volume) }),
            (
                "a publication outside",
                { () async throws(RPCStatus) in
                    try await node.publish(volume, at: "../outside", from: "\(held.name).staging")
                }
            ),
            (
                "a second writer",
                { () async throws(RPCStatus) in
                    try await node.publish(volume, at: "\(held.name).second", from: "\(held.name).staging")
                }
            ),
            (
                "a growth backwards",
                { () async throws(RPCStatus) in
                    _ = try await node.expand(volume, to: 0, limit: 4_096)
                }
            ),
        ]
        for (what, body) in refusals {
            tally.operation()
            let code = await outcome(body)
            tally.check(code != .ok, "\(what) of \(held.name) was not refused")
        }
    }

    /// Makes a call until it succeeds.
    @discardableResult
    private func call<Value>(
        _ what: String, _ body: (NodeUnderTest) async throws -> Value
    ) async throws -> Value {
        let limit = Moment.after(seconds: Self.patience)
        while true {
            tally.operation()
            do {
                return try await body(node)
            } catch let status as RPCStatus {
                tally.refusal()
                guard Moment.now < limit else { throw SoakEnd(what: what, status: status) }
                try await Task.sleep(for: .milliseconds(Int.random(in: 2...40, using: &random)))
            }
        }
    }
}

/// A call that never succeeded.
struct SoakEnd: Error, CustomStringConvertible {
    let what: String
    let status: RPCStatus

    var description: String { "\(what) did not succeed: \(status)" }
}
