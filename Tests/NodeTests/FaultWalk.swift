internal import CSI
internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// What a client does after a call was cut off.
enum Future: String, CaseIterable {
    case retries = "the client retries"
    case givesUp = "the client gives up and deletes"
}

/// One operation whose fault points are walked. Nobody lists the points: a first run of `act` records them.
struct WalkedOperation: Sendable, CustomTestStringConvertible {
    typealias Step = @Sendable (WalkedLife) async throws -> Void

    let label: String
    var ground: PoolGround?
    /// Brings about what the operation needs.
    var prepare: Step = { _ in }
    /// The operation. It is cut off, and made again.
    let act: Step
    /// What holds after it has succeeded.
    var expect: Step = { _ in }
    /// What holds after it was cut off, whether or not it is ever made again.
    var keeps: Step = { _ in }
    /// Whether its steps are those of another row, on another filesystem: it is walked with `HOLDFAST_WALK=all` alone.
    var isVariant = false

    var asVariant: WalkedOperation {
        var variant = self
        variant.isVariant = true
        return variant
    }

    var testDescription: String { label }
}

/// The node of a walk and the names in it.
final class WalkedLife: Sendable {
    let node: NodeUnderTest
    let faults: FaultControl
    private let volumes = Mutex<[String: TestVolume]>([:])
    private let snapshots = Mutex<[String: Snapshot]>([:])
    private let points = Mutex<[FaultPoint]>([])

    init(_ node: NodeUnderTest, _ faults: FaultControl) {
        self.node = node
        self.faults = faults
    }

    /// Notes a point that was not passed again.
    func missed(_ point: FaultPoint) { points.withLock { $0.append(point) } }

    /// A step that was made because of somebody else does not come in every run: above all a further try to get a loop device
    /// where another program, such as the node of the walk beside this one, took the first. Other such steps are few.
    func expectFewMissed(of count: Int) {
        let missed = points.withLock { $0 }
        let others = missed.filter { !($0.name.contains("attach loop") && $0.count > 1) }
        #expect(others.count <= 1 + count / 20, "not passed again were \(missed)")
    }

    /// Bytes that are written to every volume before it is used otherwise.
    static let bytes: [UInt8] = Array("these bytes were flushed".utf8)

    func volume(_ name: String = "v") -> TestVolume {
        guard let volume = volumes.withLock({ $0[name] }) else { fatalError("no volume \(name) was made") }
        return volume
    }

    func snapshot(_ name: String = "s") -> Snapshot {
        guard let snapshot = snapshots.withLock({ $0[name] }) else { fatalError("no snapshot \(name) was taken") }
        return snapshot
    }

    func create(_ name: String = "v", _ kind: VolumeKind, parameters: [String: String] = [:]) async throws(RPCStatus) {
        let volume = try await node.create(name, kind.capability, size: kind.size, parameters: parameters)
        volumes.withLock { $0[name] = volume }
    }

    func note(_ volume: TestVolume, as name: String) { volumes.withLock { $0[name] = volume } }

    func take(_ name: String = "s", of volume: String = "v") async throws(RPCStatus) {
        let snapshot = try await node.snapshot(self.volume(volume), name, parameters: ["maxFreeze": "60s"])
        snapshots.withLock { $0[name] = snapshot }
    }

    /// Creates, stages and publishes at `NAME`, and writes the bytes.
    func use(_ name: String = "v", _ kind: VolumeKind, parameters: [String: String] = [:]) async throws {
        try await create(name, kind, parameters: parameters)
        try await node.use(volume(name), as: name)
        try await write(Self.bytes, to: file(name, kind))
    }

    func file(_ name: String, _ kind: VolumeKind) -> String { kind.file(node.path(name)) }

    func expectBytes(_ name: String = "v", _ kind: VolumeKind, location: SourceLocation = #_sourceLocation) async throws
    {
        let found = try await read(file(name, kind), count: kind.isBlock ? 4_096 : Self.bytes.count)
        #expect(Array(found.prefix(Self.bytes.count)) == Self.bytes, "the bytes of \(name)", sourceLocation: location)
    }

    /// Stages and publishes what was used before, and expects its bytes.
    func expectBytesWhenUsed(_ name: String = "v", _ kind: VolumeKind) async throws {
        try await again { () async throws(RPCStatus) in try await self.node.use(self.volume(name), as: name) }
        try await expectBytes(name, kind)
    }

    /// Makes a call until it succeeds: a killed node's tool may have the device for a moment yet.
    func again(_ call: () async throws -> Void) async throws {
        let limit = Moment.after(seconds: 20)
        while true {
            do {
                return try await call()
            } catch let status as RPCStatus {
                guard [.failedPrecondition, .aborted].contains(status.code), Moment.now < limit else { throw status }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// The client gives up: it undoes all that it may have asked for, by what the node lists, and nothing is left of it.
    func clear(_ what: Comment, location: SourceLocation = #_sourceLocation) async throws {
        for (name, volume) in volumes.withLock({ $0 }) {
            try await node.unpublish(volume, at: name)
            try await again { try await self.node.unstage(volume, at: "\(name).staging") }
            try await node.detach(volume)
        }
        try await node.unpublish(ephemeral: NodeUnderTest.handle(), at: "inline")
        for entry in try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries {
            guard let snapshot = entry.snapshot, !snapshot.groupSnapshotID.isEmpty else { continue }
            try await deleteGroup(snapshot.groupSnapshotID)
        }
        for entry in try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries {
            if let snapshot = entry.snapshot { try await node.delete(snapshot: snapshot) }
        }
        for entry in try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries {
            guard let id = entry.volume?.volumeID else { continue }
            try await again { _ = try await self.node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id)) }
        }
        volumes.withLock { $0 = [:] }
        node.ledger.withLock { $0 = Ledger() }
        #expect(node.poolFiles() == [], "\(what): files are left in the pool", sourceLocation: location)
        let mounts = node.folder.mountPoints.filter { $0.hasPrefix("\(node.kubeletRoot)/") }
        #expect(mounts == [], "\(what): mounts are left", sourceLocation: location)
        let targets = names(in: node.kubeletRoot).filter { !$0.hasSuffix(".staging") }
        #expect(targets == [], "\(what): targets are left", sourceLocation: location)
        await eventually("\(what): devices are left", location: location) { loopDevices(in: node.pool).isEmpty }
    }

    private func deleteGroup(_ id: String) async throws {
        let members = try await node.call(CSIMethod.listSnapshots, ListSnapshotsRequest()).entries
            .compactMap(\.snapshot).filter { $0.groupSnapshotID == id }.map(\.snapshotID)
        if members.isEmpty { return }
        _ = try await node.call(
            CSIMethod.deleteVolumeGroupSnapshot,
            DeleteVolumeGroupSnapshotRequest(groupSnapshotID: id, snapshotIDs: members))
    }
}

/// Walks one operation: a first run records its points; then the node is killed at each of them, before and after the step,
/// and started again; and each step is made to fail once.
///
/// After one step and before the next one the same is on disk: one of the two kills is followed by a client that retries,
/// the other by one that gives up. The first and the last take both futures; with `HOLDFAST_WALK=all` each of them does.
func walk(_ operation: WalkedOperation) async throws {
    try await recording(operation) { life, points in
        let node = life.node
        for (number, point) in points.enumerated() {
            let isAtEnd = number == 0 || number == points.count - 1 || getenv("HOLDFAST_WALK") != nil
            for future in isAtEnd ? Future.allCases : [point.side == "before" ? .retries : .givesUp] {
                let what = "\(operation.label), killed \(point), \(future.rawValue)"
                try await following(life, what) {
                    try await cutOff(operation, at: point, life, what)
                    try await goOn(operation, future, life, what)
                }
            }
            guard point.side == "before" else { continue }
            let what = "\(operation.label), a failure of \(point.name)"
            try await following(life, what) {
                try await fail(operation, at: point, life)
                try await goOn(operation, .retries, life, what)
                // What a process asks once it asks again in the next run.
                try await node.restart()
            }
        }
    }
}

/// Kills the node at each point of an operation, and the start that follows at one of its own, another one each time.
func walkStarts(_ operation: WalkedOperation) async throws {
    try await recording(operation) { life, points in
        let (node, faults) = (life.node, life.faults)
        for (number, point) in points.filter({ $0.side == "after" }).enumerated() {
            let what = "\(operation.label), killed \(point)"
            try await following(life, what) {
                try await cutOff(operation, at: point, life, what) { faults.startRecording() }
                let steps = faults.recorded().filter { $0.name.contains("-*") || $0.name.hasPrefix("thaw") }
                try await goOn(operation, .givesUp, life, what)
                if steps.isEmpty { return }
                let step = steps[number * 5 % steps.count]
                try await cutOff(operation, at: point, life, what) {
                    faults.kill(at: step)
                    try node.launch()
                    let daemon = node.daemon
                    await eventually("\(what): the start did not come to \(step)") { daemon.exitStatus != nil }
                    faults.clear()
                    await node.kill()
                }
                try await goOn(operation, .retries, life, "\(what), and the start \(step)")
                try await node.restart()
            }
        }
    }
}

/// Makes an operation once on a node of its own, undoes it, and calls `body` with the points that it has passed.
private func recording(
    _ operation: WalkedOperation, _ body: (WalkedLife, [FaultPoint]) async throws -> Void
) async throws {
    let folder = TemporaryFolder("walk")
    let pool = try await operation.ground?.mount(in: folder, size: 1 << 30)
    let faults = FaultControl(folder)
    try await withNode(in: folder, pool: pool, launcher: faults.launcher) { node in
        let life = WalkedLife(node, faults)
        try await operation.prepare(life)
        faults.startRecording()
        try await operation.act(life)
        let points = faults.recorded()
        try await operation.expect(life)
        try await life.clear("first run")
        #expect(points.count >= 2, "\(operation.label) passes no fault points")
        try await body(life, points)
        life.expectFewMissed(of: points.count)
    }
}

/// Tells of an error with what was being done and what the node has said.
private func following(_ life: WalkedLife, _ what: String, _ body: () async throws -> Void) async throws {
    do { try await body() } catch {
        throw WalkEnd(what: what, cause: error, log: String(life.node.logText.suffix(1_500)))
    }
}

/// Why a walk ended too early.
struct WalkEnd: Error, CustomStringConvertible {
    let what: String
    let cause: any Error
    let log: String

    var description: String { "\(what): \(cause)\n\(log)" }
}

/// Kills the node at that point of an operation, and starts it again.
private func cutOff(
    _ operation: WalkedOperation, at point: FaultPoint, _ life: WalkedLife, _ what: String,
    beforeStart: () async throws -> Void = {}
) async throws {
    let node = life.node
    try await operation.prepare(life)
    life.faults.kill(at: point)
    // A step behind the answer, such as a thaw, may end the node after the call has succeeded.
    try? await operation.act(life)
    let daemon = node.daemon
    let limit = Moment.after(seconds: 2)
    while daemon.exitStatus == nil && Moment.now < limit { try await Task.sleep(for: .milliseconds(2)) }
    if daemon.exitStatus == nil { life.missed(point) }
    life.faults.clear()
    await node.kill()
    try await beforeStart()
    try await node.start()
}

private func fail(_ operation: WalkedOperation, at point: FaultPoint, _ life: WalkedLife) async throws {
    try await operation.prepare(life)
    life.faults.fail(at: point, EIO)
    try? await operation.act(life)
    life.faults.clear()
}

private func goOn(_ operation: WalkedOperation, _ future: Future, _ life: WalkedLife, _ what: String) async throws {
    try await operation.keeps(life)
    if future == .retries {
        try await life.again { try await operation.act(life) }
        try await operation.expect(life)
    }
    try await life.clear("\(what)")
}
