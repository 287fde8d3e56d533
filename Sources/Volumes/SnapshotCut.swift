internal import Filesystems
internal import Glibc
internal import Mounts
internal import Pools
internal import Syscalls

/// One snapshot that is about to be taken, with the claims that it needs.
final class SnapshotCut: Sendable {
    let volume: Volume
    let record: SnapshotRecord
    let content: Content
    let store: any SnapshotStore
    let claim: SharedClaim
    private let snapshotClaim: SharedClaim

    /// A name for a snapshot that nobody asked for by name. It begins with a control character, which no client's name holds.
    static func ownName(_ words: String) -> String { "\u{1}\(words)" }

    init(
        _ storage: Storage, _ text: String, name: String, group: GroupID? = nil,
        created: Int64 = wallClockNanoseconds(), isPassing: Bool = false
    ) throws(VolumeError) {
        claim = SharedClaim(
            try storage.claims.take(
                "volume \(text)", for: group == nil ? "CreateSnapshot" : "CreateVolumeGroupSnapshot"))
        let found = try storage.find(text)
        try storage.finishGrowingDevice(of: found)
        volume = found
        guard let store = volume.pool.snapshots else {
            throw .refused(
                volume: volume.id,
                reason: "it lies in pool '\(volume.pool.name)' of kind '\(volume.pool.kind)', which has no snapshots")
        }
        self.store = store
        if volume.record.ephemeralTarget != nil {
            throw .refused(volume: volume.id, reason: "it lives and dies with its pod, so no snapshot is taken of it")
        }
        try storage.requireNoCutOffGrowth(of: volume)
        let id = SnapshotID(pool: volume.pool.identity, name: name)
        snapshotClaim = SharedClaim(try storage.claims.take("snapshot \(id)", for: "CreateSnapshot"))
        content = try pooling(volume.pool.content(volume.record))
        record = SnapshotRecord(
            id: id, name: name, of: volume.record, size: content.bytes,
            held: isPassing ? 0 : content.allocated, created: created,
            group: group)
    }
}

/// How a volume is used while a snapshot is taken of it.
private enum Use {
    case none
    /// A raw block device that is attached; `publishedAt` where somebody may write to it.
    case block(publishedAt: String?)
    /// A filesystem, with one of its mounts.
    case mounted(String, OpenFile)
}

/// What keeps a volume's content at one moment while it is copied.
private enum Stillness {
    /// Nobody uses it, and its claim lets nobody begin to.
    case idle
    /// Nothing: sharing all blocks is itself a moment. It is a raw device that is published there.
    case shared(publishedAt: String)
    case freezing(Freeze)
}

extension Storage {
    /// Milliseconds for which writers may be held where the copy itself takes no time. Far more than it takes, and less
    /// than what a database waits for. A class may allow less or more.
    private static let freezeBound = 5_000

    /// Gives all snapshots of a cut their content, at one moment. On an error none of them is left.
    func take(
        _ cuts: [SnapshotCut], _ parameters: SnapshotParameters, _ control: CopyControl
    ) throws(VolumeError) {
        var freezes: [Freeze] = []
        var begun = 0
        do throws(VolumeError) {
            var idle: [SnapshotCut] = []
            var written: [(cut: SnapshotCut, way: CopyWay)] = []
            var raw: [(volume: VolumeID, path: String)] = []
            var isQuick = true
            for cut in cuts {
                cut.claim.step("making a place for snapshot \(cut.record.id)")
                try pooling(cut.store.begin(cut.record))
                begun += 1
                let shares = try pooling(cut.store.shares(with: cut.volume.record))
                switch try settle(cut, shares: shares, parameters) {
                case .idle: idle.append(cut)
                case .shared(let path):
                    raw.append((cut.volume.id, path))
                    written.append((cut, .sharedAtOnce))
                case .freezing(let freeze):
                    freezes.append(freeze)
                    written.append((cut, .held(mayCopy: parameters.maxFreeze != nil)))
                    isQuick = isQuick && shares
                }
            }
            try requireOneMoment(raw)
            // What takes its time and needs no writers held is done before they are.
            for cut in idle { try fill(cut, .sharedIfPossible, control) }
            // A copy that is still at it when writers go on is of no use.
            let own = CopyControl(within: control)
            let bound = parameters.maxFreeze ?? (isQuick ? Self.freezeBound : 0)
            try holdStill(
                freezes, milliseconds: bound,
                wrap: { error in
                    // A class that allows less than a healthy device may need has itself to blame.
                    if case .late = error, bound < Self.freezeBound { return .freeze(.tooLong(milliseconds: bound)) }
                    return .freeze(error)
                },
                atLimit: { own.cancel("writers could not be held any longer") },
                while: { () throws(VolumeError) in
                    for (cut, way) in written { try fill(cut, way, own) }
                })
        } catch {
            for freeze in freezes { freeze.giveUp() }
            for cut in cuts.prefix(begun) { cut.store.undo(cut.record) }
            throw error
        }
    }

    /// Refuses several raw devices in use: of one the content is had at some moment while all others are frozen, but of two
    /// the second one's moment is later than the first one's.
    private func requireOneMoment(_ raw: [(volume: VolumeID, path: String)]) throws(VolumeError) {
        guard raw.count > 1 else { return }
        throw .refused(
            volume: raw[0].volume,
            reason:
                "it is published at \(raw[0].path) as a raw block device, and volume \(raw[1].volume) at \(raw[1].path); "
                + "writers of raw devices cannot be held, so that two of them cannot be had at one moment: unpublish all "
                + "but one of them")
    }

    private func fill(_ cut: SnapshotCut, _ way: CopyWay, _ control: CopyControl) throws(VolumeError) {
        cut.claim.longStep("giving snapshot \(cut.record.id) the volume's content")
        try pooling(cut.store.fill(cut.record, with: cut.content, way, control))
    }

    /// Sees to it that the volume's image holds what its writers have written, and says what keeps it so.
    private func settle(
        _ cut: SnapshotCut, shares: Bool, _ parameters: SnapshotParameters
    ) throws(VolumeError) -> Stillness {
        let volume = cut.volume
        switch try use(of: volume) {
        case .none: return .idle
        case .block(let target):
            if let target, !shares {
                throw .refused(
                    volume: volume.id,
                    reason:
                        "it is published at \(target) as a raw block device, whose writers cannot be held while it is "
                        + "copied; unpublish it there, or use a thin volume in a pool on xfs or btrfs, where blocks are "
                        + "shared")
            }
            cut.claim.step("flushing the device")
            if let attached = try pooling(volume.pool.attached(volume.record)) {
                try pooling(volume.pool.sync(attached, of: volume.record))
            }
            if target == nil { try requireNoHiddenUse(of: volume) }
            return target.map { .shared(publishedAt: $0) } ?? .idle
        case .mounted(let path, let root):
            guard shares || parameters.maxFreeze != nil else {
                throw .refused(
                    volume: volume.id,
                    reason:
                        "it is mounted at \(path), and \(unshared(volume)), so its writers would be held while it is "
                        + "copied; unpublish and unstage it first, or allow that with maxFreeze in the "
                        + "VolumeSnapshotClass")
            }
            return .freezing(try freeze(cut, path, root))
        }
    }

    private func unshared(_ volume: Volume) -> String {
        volume.record.provisioning == .thick
            ? "a thick volume shares no blocks" : "pool '\(volume.pool.name)' cannot share blocks"
    }

    private func freeze(_ cut: SnapshotCut, _ path: String, _ root: OpenFile) throws(VolumeError) -> Freeze {
        let (pool, id) = (cut.volume.pool, cut.volume.id)
        cut.claim.step("freezing the filesystem at \(path)")
        // One that could not be thawed after an earlier snapshot is, before anything takes its note for this freeze's.
        if try pooling(pool.isFreezeNoted(id)) {
            do throws(SystemError) {
                try Files.thaw(root.descriptor, path)
            } catch {
                throw .freeze(.stuck(name: "the filesystem of volume \(id) at \(path)", error))
            }
        }
        try pooling(pool.noteFreeze(id))
        return Freeze(
            "the filesystem of volume \(id) at \(path)",
            Freeze.Deeds(
                freeze: { () throws(SystemError) in try Files.freeze(root.descriptor, path) },
                thaw: { () throws(SystemError) in try Files.thaw(root.descriptor, path) }),
            // The claim is held as long as the freeze is, whoever has stopped waiting for it.
            atEnd: { [claim = cut.claim] isThawed in
                if isThawed { pool.forgetFreeze(id) }
                _ = claim
            })
    }

    private func use(of volume: Volume) throws(VolumeError) -> Use {
        let holders = try holders(of: volume.id, besides: nil, thoroughly: true)
        if volume.record.access == .block {
            if let holder = holders.first { return .block(publishedAt: holder.path) }
            return try pooling(volume.pool.attached(volume.record)) == nil ? .none : .block(publishedAt: nil)
        }
        guard !holders.isEmpty else {
            try requireNoHiddenUse(of: volume)
            return .none
        }
        let mount = try openMount(of: volume, holders)
        return .mounted(mount.path, mount.root)
    }

    /// Refuses a volume whose device is attached and held, by a mount in another mount namespace for instance, though nothing
    /// here shows it: its writers could neither be seen nor held.
    func requireNoHiddenUse(of volume: Volume) throws(VolumeError) {
        guard let attached = try pooling(volume.pool.attached(volume.record)) else { return }
        // A mount namespace that is being made holds copies of all mounts until those that it does not want are gone: of
        // one that we have unmounted meanwhile too.
        let limit = Moment.after(seconds: 2)
        while try isInUse(attached.device.path) {
            if limit > .now {
                usleep(20_000)
                continue
            }
            throw .inUse(
                volume: volume.id,
                how:
                    "\(attached.device.path) is mounted where this process does not see it, in another mount namespace",
                advice: "find that mount in /proc/*/mountinfo and unmount it")
        }
        // What it held in its cache is on the image before that is copied.
        try pooling(volume.pool.sync(attached, of: volume.record))
    }

    private func isInUse(_ device: String) throws(VolumeError) -> Bool {
        do throws(FilesystemError) {
            try Filesystems.requireUnused(device)
            return false
        } catch {
            guard case .inUse = error else { throw .filesystem(error) }
            return true
        }
    }
}
