internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// What can come over an image.
struct ImageDamage: Sendable, CustomTestStringConvertible {
    let label: String
    let code: StatusCode
    /// What the sentences of refusal and condition have to say.
    let words: [String]
    var mayBeDeleted = true
    let make: @Sendable (String, String) async throws -> Void

    var testDescription: String { label }

    private static func sized(_ label: String, _ code: StatusCode, by change: Int64) -> Self {
        Self(label: label, code: code, words: ["bytes"]) { path, _ in
            try await resize(path, to: Int64(fileSize(path)) + change)
        }
    }

    static let all: [ImageDamage] =
        [
            Self(label: "missing", code: .dataLoss, words: ["missing", "backup"]) { path, aside in
                try #require(rename(path, aside) == 0)
            },
            sized("short by a page", .dataLoss, by: -4_096), sized("longer by a page", .failedPrecondition, by: 4_096),
        ]
        + FileDamage.strange.map { damage in
            Self(
                label: damage.label, code: .dataLoss,
                words: [damage.word.replacing("it ", with: ""), "put the image back"],
                mayBeDeleted: false, make: damage.make)
        }
}

@Suite("Damaged images", .needsRoot)
struct DamagedImageTests {
    @Test(
        "one refuses every use of its volume, is told of, is not written to, and is the trouble of that volume alone",
        arguments: ImageDamage.all, [true, false])
    func unused(damage: ImageDamage, isFoundByStart: Bool) async throws {
        for capability in [VolumeCapability.mount("ext4"), .block()] {
            try await withNode { node in
                let volume = try await node.create("v", capability, size: 32 * mebibyte)
                try await node.stage(volume)
                try await node.unstage(volume)
                let other = try await node.create("other", size: 16 * mebibyte)
                try await node.use(other, as: "other")
                await eventually("the device is still attached") { loopDevices(in: node.pool).count == 1 }
                let (image, aside) = (node.image(of: volume), "\(node.pool)/aside")
                if isFoundByStart { await node.kill() }
                try await damage.make(image, aside)
                let before = try await node.files(of: volume)
                if isFoundByStart { try await node.start() }

                try await node.expectTrouble(volume, image, at: nil, beneath: true)
                let words = [image, volume.id] + damage.words
                let calls: [(String, () async throws -> Void)] = [
                    ("stage", { try await node.stage(volume) }),
                    ("snapshot", { _ = try await node.snapshot(volume) }),
                    ("group", { _ = try await node.group([volume]) }),
                    ("clone", { _ = try await node.clone(volume) }),
                    ("expand", { _ = try await node.expand(volume, to: 64 * mebibyte) }),
                ]
                for (what, call) in calls { await expectRefusal(damage.code, words, what) { try await call() } }
                await refused(.failedPrecondition, "not staged") { try await node.publish(volume) }
                if !damage.mayBeDeleted {
                    await expectRefusal(damage.code, words, "delete") { try await node.delete(volume) }
                }
                #expect(try await node.files(of: volume) == before)
                try await node.expectUntroubled(other)
                #expect(try await node.create("v", capability, size: 32 * mebibyte).id == volume.id)

                if damage.mayBeDeleted { return try await node.delete(volume) }
                try await run("rm", "-rf", image)
                try #require(rename(aside, image) == 0)
                try await node.stage(volume)
                try await node.unstage(volume)
            }
        }
    }

    @Test(
        "one of a volume that is in use is told of, and the volume can be put out of use", arguments: ImageDamage.all,
        [true, false])
    func used(damage: ImageDamage, isFoundByStart: Bool) async throws {
        for capability in [VolumeCapability.mount("ext4"), .block()] {
            try await withNode { node in
                let volume = try await node.createInUse("v", capability)
                let other = try await node.createInUse("other", size: 16 * mebibyte)
                let (image, aside) = (node.image(of: volume), "\(node.pool)/aside")
                if isFoundByStart { await node.kill() }
                let size = volume.size
                try await damage.make(image, aside)
                if isFoundByStart { try await node.start() }
                try await node.expectTrouble(volume, image, at: "v", beneath: true)
                for (what, call) in [
                    ("snapshot", { _ = try await node.snapshot(volume) }),
                    ("expand", { _ = try await node.expand(volume, to: 64 * mebibyte) }),
                ] as [(String, () async throws -> Void)] {
                    await expectRefusal(damage.code, [image] + damage.words, what) { try await call() }
                }
                try await node.stopUsing(volume, as: "v")
                await eventually("the device is still attached") { loopDevices(in: node.pool).count == 1 }
                await expectRefusal(damage.code, [image], "stage") { try await node.stage(volume) }
                try await node.expectUntroubled(other)
                if access(aside, F_OK) == 0 {
                    try await run("rm", "-rf", image)
                    try #require(rename(aside, image) == 0)
                } else {
                    try await resize(image, to: size)
                }
                try await node.stage(volume)
                try await node.unstage(volume)
            }
        }
    }

    @Test(
        "two that have changed places are mounted for neither volume, and are not written to", arguments: [true, false])
    func swapped(isFoundByStart: Bool) async throws {
        for (type, size) in [("ext4", 32), ("btrfs", 128)] {
            try await withNode { node in
                var volumes: [TestVolume] = []
                for name in ["one", "two"] {
                    let volume = try await node.create(name, .mount(type), size: Int64(size) * mebibyte)
                    try await node.use(volume, as: name)
                    try await node.stopUsing(volume, as: name)
                    volumes.append(volume)
                }
                await eventually("a device is still attached") { loopDevices(in: node.pool).isEmpty }
                if isFoundByStart { await node.kill() }
                let images = volumes.map { node.image(of: $0) }
                func swap() {
                    rename(images[0], "\(node.pool)/aside")
                    rename(images[1], images[0])
                    rename("\(node.pool)/aside", images[1])
                }
                swap()
                let before = try await inventory("\(node.pool)/volumes", of: ".image")
                if isFoundByStart { try await node.start() }
                for (volume, name) in zip(volumes, ["one", "two"]) {
                    await refused(.failedPrecondition, volume.id, "UUID", "left untouched") {
                        try await node.stage(volume, at: name)
                    }
                    try await node.expectTrouble(volume, "could not be staged", "UUID", at: nil, beneath: true)
                }
                await eventually("a device is still attached") { loopDevices(in: node.pool).isEmpty }
                let after = try await inventory("\(node.pool)/volumes", of: ".image")
                #expect(after == before)
                swap()
                for (volume, name) in zip(volumes, ["one", "two"]) {
                    try await node.use(volume, as: name)
                    try await node.expectWell(volume, at: name)
                }
            }
        }
    }

    @Test(
        "one of a snapshot refuses its copies and its blocks, and is the trouble of that snapshot alone",
        arguments: ImageDamage.all.filter { !$0.label.hasPrefix("longer") })
    func snapshot(damage: ImageDamage) async throws {
        try await withNode { node in
            let volume = try await node.createInUse("v")
            let (bad, good) = (
                try await node.snapshot(volume, "bad", parameters: ["maxFreeze": "5s"]),
                try await node.snapshot(volume, "good", parameters: ["maxFreeze": "5s"])
            )
            let (image, aside) = (node.image(of: bad), "\(node.pool)/aside")
            try await damage.make(image, aside)
            let before = try await inventory("\(node.pool)/snapshots", of: bad.snapshotID)
            for _ in 1...2 {
                await expectRefusal(damage.code, [image, bad.snapshotID] + damage.words) { try await node.restore(bad) }
                if !damage.mayBeDeleted {
                    await expectRefusal(damage.code, [image]) { try await node.delete(snapshot: bad) }
                }
                #expect(try await inventory("\(node.pool)/snapshots", of: bad.snapshotID) == before)
                let restored = try await node.restore(good)
                try await node.delete(restored)
                try await node.restart()
            }
            if !damage.mayBeDeleted {
                try await run("rm", "-rf", image)
                rename(aside, image)
            }
            try await node.delete(snapshot: bad)
        }
    }
}
