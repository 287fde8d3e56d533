internal import Mounts
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

@testable internal import Volumes

@Suite("What is told beside a pool that does not answer", .enabled(if: isRoot, "needs root, for pools"))
struct InventoryTests {
    private let folder = TemporaryFolder("volumes")

    /// A storage of several pools, all of which can be held, with one raw block volume in each.
    private func storage(_ count: Int) throws -> (storage: Storage, pools: [HeldPool]) {
        let kind = try #require(PoolKinds.named("file"))
        let pools = try (0..<count).map { number in
            let path = folder.makeFolder("pool-\(number)")
            return HeldPool(try kind.open(PoolSettings(name: "pool-\(number)", options: ["path": path])))
        }
        let root = try HostRoot(folder.makeFolder("kubelet"))
        let storage = Storage(nodeID: "n", pools: pools, root: root)
        try storage.startUp { _ in }
        for pool in pools {
            let id = VolumeID(pool: pool.identity, name: "v")
            try pool.create(
                VolumeRecord(
                    id: id, name: "v", pool: pool.identity, incarnation: "i", size: 1 << 20, access: .block,
                    provisioning: .thin, parameters: [:], claim: [:], created: 0))
        }
        return (storage, pools)
    }

    @Test("volumes are told, with why their troubles are not")
    func inventory() throws {
        let (storage, pools) = try storage(2)
        pools[0].hold()
        for _ in 1...100 {
            let seen = try storage.inventory(InventoryQuery(limit: 10)).volumes
            #expect(seen.count == 2)
            for volume in seen {
                let isHeld = volume.pool.name == "pool-0"
                #expect((volume.notObserved != nil) == isHeld && volume.troubles == [], "\(volume.pool.name)")
                #expect(volume.notObserved?.contains("pool 'pool-0' at \(pools[0].path)") != false)
            }
        }
        // However often it was asked for, it holds one thread.
        #expect(pools[0].waiting == 1)
        pools[0].letGo()
        while try storage.inventory(InventoryQuery(limit: 10)).volumes.contains(where: { $0.notObserved != nil }) {}
    }

    @Test("pools are told, the others with their room; many that hang take no longer than one")
    func room() throws {
        let (storage, pools) = try storage(6)
        for pool in pools.dropLast() { pool.hold() }
        let started = Moment.now
        for _ in 1...100 {
            let sights = storage.poolSights()
            #expect(sights.map { $0.room == nil } == [true, true, true, true, true, false])
            #expect(sights.map(\.volumes.ready) == Array(repeating: 1, count: 6))
            #expect(sights.map { $0.troubles.count } == [1, 1, 1, 1, 1, 0])
        }
        // The hundredfold patience of each would be 500 s.
        #expect(started.age < 30)
        #expect(pools.dropLast().allSatisfy { $0.waiting == 1 } && pools[5].waiting == 0)
        for pool in pools { pool.letGo() }
        while storage.poolSights().contains(where: { $0.room == nil }) {}
    }

    @Test("work is told of by call, with its last step, and stuck when a step takes too long")
    func work() throws {
        let (storage, _) = try storage(1)
        let claims = storage.claims
        var taken: Claim?
        try CallNumber.$current.withValue(7) { taken = try claims.take("volume a", for: "NodeStageVolume") }
        guard let own = taken.take() else {
            Issue.record("there is no claim")
            return
        }
        let other = try claims.take("path /p", for: "NodeStageVolume")
        own.step("attaching")
        let work = storage.work.sorted { $0.subject < $1.subject }
        #expect(work.map(\.subject) == ["path /p", "volume a"] && work.map(\.call) == [nil, 7])
        #expect(work.map(\.step) == ["starting", "attaching"] && work.allSatisfy { !$0.isStuck })
        #expect(work[1].stepSince >= work[1].since)
        #expect(stuck(storage, in: Claims.patience + 1) == ["path /p", "volume a"])
        own.longStep("copying")
        #expect(stuck(storage, in: Claims.patience + 1) == ["path /p"])
        #expect(stuck(storage, in: Claims.longPatience + 1) == ["path /p", "volume a"])
        _ = consume own
        _ = consume other
        #expect(storage.work.isEmpty)
    }

    /// What will be stuck that many seconds from now, if it goes no further.
    private func stuck(_ storage: Storage, in seconds: Double) -> [String] {
        storage.work.filter { $0.isStuck(at: .after(seconds: seconds)) }.map(\.subject).sorted()
    }
}
