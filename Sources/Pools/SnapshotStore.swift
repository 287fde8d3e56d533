/// The snapshots of a pool that can make some, and its records of groups of them.
///
/// Calls on one snapshot are never made at the same time, and the volume that one is made of stays as it is meanwhile:
/// the caller holds the claims. Everything blocks.
public protocol SnapshotStore: Sendable {
    var index: SnapshotIndex { get }
    var groups: GroupIndex { get }
    /// Snapshots that were begun for a group and not committed: kept by the recovery until it is known whether the group
    /// exists, or left by a commit that failed.
    var undecided: [SnapshotRecord] { get }

    /// Whether a snapshot of that volume takes a moment, whatever its size, because blocks are shared.
    func shares(with volume: VolumeRecord) throws(PoolError) -> Bool

    /// Makes a place for a snapshot. Until `commit` the next start would undo it, unless it belongs to a group that exists
    /// by then. On an error nothing is left.
    func begin(_ record: SnapshotRecord) throws(PoolError)

    /// Gives it its volume's content: the one step that writers may be held for. After an error `undo` is due.
    func fill(
        _ record: SnapshotRecord, with content: Content, _ way: CopyWay, _ control: CopyControl) throws(PoolError)

    /// Puts the image's content beyond the reach of a power cut; before `commit`, and after writers may go on.
    func settle(_ record: SnapshotRecord) throws(PoolError)

    /// What was begun exists from here on.
    func commit(_ record: SnapshotRecord) throws(PoolError)

    /// Takes back what was begun.
    func undo(_ record: SnapshotRecord)

    /// Deletes a snapshot; one that is not there is fine. Volumes that were made from it keep what they have.
    func delete(_ id: SnapshotID) throws(PoolError)

    /// Opens a snapshot for copying.
    func content(_ record: SnapshotRecord) throws(PoolError) -> Content

    /// Records a group durably: its snapshots exist, in whatever pools they were begun.
    func create(_ group: GroupRecord) throws(PoolError)

    /// Notes durably that a group is being deleted.
    func noteDeletion(_ group: GroupRecord) throws(PoolError)

    /// Forgets a group whose snapshots are gone.
    func forget(_ group: GroupRecord) throws(PoolError)

    /// Reads which blocks of a snapshot hold data or, with a `base`, differ from it.
    func blocks(of target: SnapshotRecord, since base: SnapshotRecord?) throws(PoolError) -> any BlockReader
}

/// Reads one snapshot's blocks, or the difference of two, from an offset on.
public protocol BlockReader: Sendable {
    /// Bytes: a power of two that divides the volume's size.
    var blockSize: Int64 { get }

    /// The offsets of the next blocks, in order: at most `limit`, none at the end. One reader is asked by one caller at a
    /// time, and works for a bounded time: an answer may be short, or say that it has looked at so many bytes without
    /// finding any.
    func next(from offset: Int64, limit: Int) throws(PoolError) -> BlockStretch
}

/// What a reader has found in one go.
public struct BlockStretch: Sendable {
    /// Offsets in bytes, in order.
    public let offsets: [Int64]
    /// Where to go on; nil at the end.
    public let next: Int64?
}
