internal import Devices
internal import Pools
internal import Synchronization
internal import Syscalls

/// A pool whose disk can stop to answer: then whoever asks it for anything but what is in memory waits until it is let go.
final class HeldPool: Pool {
    private let pool: any Pool
    private let held = Mutex<[Flag]?>(nil)

    init(_ pool: any Pool) { self.pool = pool }

    /// From now on nothing is answered.
    func hold() { held.withLock { $0 = [] } }

    /// Answers all who wait, and whoever asks from now on.
    func letGo() {
        let waiting = held.withLock { held in
            defer { held = nil }
            return held ?? []
        }
        for flag in waiting { flag.raise() }
    }

    /// How many wait.
    var waiting: Int { held.withLock { $0?.count ?? 0 } }

    private func pass() -> any Pool {
        let flag: Flag? = held.withLock { held in
            guard held != nil else { return nil }
            let flag = Flag()
            held?.append(flag)
            return flag
        }
        flag?.wait()
        return pool
    }

    var name: String { pool.name }
    var kind: String { pool.kind }
    var identity: UUID { pool.identity }
    var index: VolumeIndex { pool.index }
    var path: String { pool.path }
    var overcommitRatio: Double? { pool.overcommitRatio }
    var snapshots: (any SnapshotStore)? { pool.snapshots }
    func attachedVolumes() -> [VolumeID] { pool.attachedVolumes() }
    func seenDevice(of id: VolumeID) -> SeenDevice? { pool.seenDevice(of: id) }

    func recover() throws(PoolError) -> [String] { try pass().recover() }
    func capacity(_ provisioning: Provisioning) throws(PoolError) -> PoolCapacity { try pass().capacity(provisioning) }
    func room() throws(PoolError) -> PoolRoom { try pass().room() }
    func create(_ record: VolumeRecord, from content: Content?, _ control: CopyControl) throws(PoolError) {
        try pass().create(record, from: content, control)
    }
    func content(_ record: VolumeRecord) throws(PoolError) -> Content { try pass().content(record) }
    func delete(_ id: VolumeID) throws(PoolError) { try pass().delete(id) }
    func update(_ record: VolumeRecord) throws(PoolError) { try pass().update(record) }
    func grow(_ record: VolumeRecord, to size: Int64) throws(PoolError) -> VolumeRecord {
        try pass().grow(record, to: size)
    }
    func finishGrowing(_ record: VolumeRecord) throws(PoolError) { try pass().finishGrowing(record) }
    func troubles(of record: VolumeRecord) throws(PoolError) -> [String] { try pass().troubles(of: record) }
    func noteFreeze(_ id: VolumeID) throws(PoolError) { try pass().noteFreeze(id) }
    func forgetFreeze(_ id: VolumeID) { pass().forgetFreeze(id) }
    func isFreezeNoted(_ id: VolumeID) throws(PoolError) -> Bool { try pass().isFreezeNoted(id) }
    func notedFreezes() throws(PoolError) -> (volumes: [VolumeID], reports: [String]) { try pass().notedFreezes() }
    func attached(_ record: VolumeRecord) throws(PoolError) -> AttachedDevice? { try pass().attached(record) }
    func attach(_ record: VolumeRecord) throws(PoolError) -> AttachedDevice { try pass().attach(record) }
    func keep(_ attached: borrowing AttachedDevice, of record: VolumeRecord) throws(PoolError) {
        try pass().keep(attached, of: record)
    }
    func detach(_ attached: consuming AttachedDevice, of record: VolumeRecord) throws(PoolError) {
        try pass().detach(attached, of: record)
    }
    func detachFormer(_ id: VolumeID) throws(PoolError) { try pass().detachFormer(id) }
    func wasWritten(_ record: VolumeRecord) throws(PoolError) -> Bool? { try pass().wasWritten(record) }
    func sync(_ attached: borrowing AttachedDevice, of record: VolumeRecord) throws(PoolError) {
        try pass().sync(attached, of: record)
    }
    func owner(of device: DeviceNumber) throws(PoolError) -> DeviceOwner { try pass().owner(of: device) }
}
