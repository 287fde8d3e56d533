internal import Devices
internal import Glibc
internal import JSON
internal import Synchronization
internal import Syscalls

/// The snapshots of a pool of image files: an image each, which shares its volume's blocks where the filesystem can.
final class FileSnapshots: SnapshotStore {
    let index = SnapshotIndex()
    let groups = GroupIndex()
    let images: ImageFolder
    private let groupRecords: RecordFolder
    private let pool: String
    private let identity: UUID
    private let kept = Mutex<[SnapshotRecord]>([])
    private let sharing = Mutex<Bool?>(nil)
    /// What snapshots that are being taken were promised.
    private let promises = Mutex<[SnapshotID: Int64]>([:])
    private let overcommit: Overcommit
    private let volumes: VolumeIndex

    init(
        in folder: borrowing Descriptor, _ path: String, pool: String, identity: UUID, reserve: Reserve,
        overcommit: Overcommit, volumes: VolumeIndex
    ) throws(SystemError) {
        images = try ImageFolder("snapshots", of: "snapshot", in: folder, path, pool: pool, reserve: reserve)
        if try Files.makeDirectory("groups", in: folder, mode: 0o700) { try Files.sync(folder, path) }
        groupRecords = RecordFolder(
            path: "\(path)/groups",
            folder: try Files.open("groups", in: folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), reserve: reserve)
        self.pool = pool
        self.identity = identity
        self.overcommit = overcommit
        self.volumes = volumes
    }

    var undecided: [SnapshotRecord] { kept.withLock { $0 } }

    /// Whether this filesystem shares blocks between files is asked once, with two files that have no name.
    func shares(with volume: VolumeRecord) throws(PoolError) -> Bool {
        guard volume.provisioning == .thin else { return false }
        if let known = sharing.withLock({ $0 }) { return known }
        let answer = try kernel(tryToShare())
        sharing.withLock { $0 = answer }
        return answer
    }

    private func tryToShare() throws(SystemError) -> Bool {
        let one = try Files.makeUnnamed(in: images.records.folder, images.records.path)
        let other = try Files.makeUnnamed(in: images.records.folder, images.records.path)
        try Files.write([UInt8](repeating: 1, count: 4_096), to: one, images.records.path)
        do throws(SystemError) {
            try Files.clone(one, to: other, images.records.path)
            return true
        } catch {
            if [EOPNOTSUPP, EXDEV, EINVAL, ENOTTY].contains(error.code) { return false }
            throw error
        }
    }

    func begin(_ record: SnapshotRecord) throws(PoolError) {
        let volumes = volumes
        let limit = try overcommit.limit(images.records)
        guard overcommit.promise(record.held, in: index, besides: { volumes.given }, limit: limit) else {
            throw overcommit.refusal(pool: pool, bytes: record.held, given: volumes.given + index.given)
        }
        do throws(PoolError) {
            _ = try images.begin(record.id.text, record.json, copies: !record.isBlank)
        } catch {
            index.settle(record.held)
            throw error
        }
        promises.withLock { $0[record.id] = record.held }
    }

    func fill(
        _ record: SnapshotRecord, with content: Content, _ way: CopyWay, _ control: CopyControl
    ) throws(PoolError) {
        let id = record.id.text
        let image = try images.open(id, O_RDWR)
        do throws(PoolError) {
            if record.isBlank {
                try kernel(Files.resize(image, images.imagePath(id), to: record.size))
            } else {
                try ImageCopy(pool: pool, content: content, way: way, control: control).fill(
                    image, images.imagePath(id))
            }
        } catch {
            if case .system(let cause) = error { throw images.failure(cause) }
            throw error
        }
    }

    func settle(_ record: SnapshotRecord) throws(PoolError) { try images.settle(record.id.text) }

    func commit(_ record: SnapshotRecord) throws(PoolError) {
        kept.withLock { kept in
            kept.removeAll { $0.id == record.id }
            if record.group != nil { kept.append(record) }
        }
        try images.commit(record.id.text)
        index.put(record, settling: promises.withLock { $0.removeValue(forKey: record.id) } ?? 0)
        kept.withLock { $0.removeAll { $0.id == record.id } }
    }

    func undo(_ record: SnapshotRecord) {
        images.undo(record.id.text)
        index.settle(promises.withLock { $0.removeValue(forKey: record.id) } ?? 0)
        kept.withLock { $0.removeAll { $0.id == record.id } }
    }

    func delete(_ id: SnapshotID) throws(PoolError) {
        guard var record = try index.record(id) else { return }
        try images.requireFile(id.text)
        if record.isReady {
            try kernel(images.noteDeletion(of: id.text))
            record.isReady = false
            index.put(record)
        }
        try kernel(images.finishDeletion(of: id.text))
        index.remove(id)
    }

    func content(_ record: SnapshotRecord) throws(PoolError) -> Content {
        let id = record.id.text
        let image = try images.open(id, O_RDONLY)
        let status = try kernel(FileStatus.of(image, images.imagePath(id)))
        guard status.kind == .file && status.size >= record.size else {
            throw .shortImage(
                of: images.owner(id), path: images.imagePath(id), found: status.size, expected: record.size)
        }
        return Content(
            file: image, name: images.owner(id), bytes: record.size, allocated: status.allocated, mayShare: true)
    }

    func blocks(of target: SnapshotRecord, since base: SnapshotRecord?) throws(PoolError) -> any BlockReader {
        var before: Content?
        if let base { before = try content(base) }
        return ImageBlocks(of: try content(target), since: before)
    }

    func create(_ group: GroupRecord) throws(PoolError) {
        do throws(SystemError) {
            try groupRecords.write(group.id.text + RecordFolder.suffix, group.json, mayUseReserve: false)
        } catch {
            throw images.failure(error)
        }
        groups.put(group)
    }

    func noteDeletion(_ group: GroupRecord) throws(PoolError) {
        var changed = group
        changed.isReady = false
        let name = group.id.text + RecordFolder.suffix
        if group.isReady { try kernel(groupRecords.rename(name, to: name + ".deleted")) }
        groups.put(changed)
    }

    func forget(_ group: GroupRecord) throws(PoolError) {
        try kernel(groupRecords.remove(group.id.text + RecordFolder.suffix + ".deleted"))
        groups.remove(group.id)
    }
}

extension FileSnapshots {
    /// Reads the records. Snapshots that were begun for a group are kept until the caller knows whether the group exists,
    /// which may be recorded in another pool.
    func recover() throws(PoolError) -> [String] {
        let found = try images.recover(
            pool: identity, isID: { SnapshotID($0) != nil }, decidedElsewhere: { $0["group"] != nil })
        var reports = found.reports
        for (text, error) in found.blocked {
            if let id = SnapshotID(text) { index.markDamaged(id, error) }
        }
        for text in found.records {
            if let report = images.records.load(
                text, into: index, pool: identity,
                { json throws(MalformedRecord) in
                    try SnapshotRecord(json)
                })
            {
                reports.append(report)
            }
        }
        for text in found.undecided {
            do throws(PoolError) {
                let json = try images.records.read(images.makingName(text))
                do throws(MalformedRecord) {
                    let record = try SnapshotRecord(json)
                    guard record.id.text == text && record.pool == identity else {
                        // Deciding on it would be deciding on the snapshot that it names.
                        reports.append(
                            "the note \(images.records.path)/\(images.makingName(text)) is of snapshot \(record.id) of pool "
                                + "\(record.pool); it is left alone")
                        continue
                    }
                    kept.withLock { $0.append(record) }
                } catch {
                    reports.append(
                        "the note \(images.records.path)/\(images.makingName(text)) cannot be understood: \(error.reason); it is "
                            + "left alone")
                }
            } catch {
                reports.append("\(error)")
            }
        }
        return try reports + recoverGroups()
    }

    private func recoverGroups() throws(PoolError) -> [String] {
        var reports: [String] = []
        for name in try kernel(groupRecords.names()) {
            if name.hasSuffix(RecordFolder.suffix + RecordFolder.temporarySuffix) {
                _ = try? Files.unlink(name, in: groupRecords.folder)
            } else if name.hasSuffix(RecordFolder.suffix) {
                let text = String(name.dropLast(RecordFolder.suffix.count))
                if let report = groupRecords.load(
                    text, into: groups, pool: identity,
                    { json throws(MalformedRecord) in
                        try GroupRecord(json)
                    })
                {
                    reports.append(report)
                }
            } else if name.hasSuffix(ImageFolder.deletedSuffix) {
                // Its snapshots are deleted by the caller, who knows all pools.
                let text = String(name.dropLast(ImageFolder.deletedSuffix.count))
                let mark = String(ImageFolder.deletedSuffix.dropFirst(RecordFolder.suffix.count))
                if let report = groupRecords.load(
                    text, mark: mark, into: groups, pool: identity,
                    { json throws(MalformedRecord) in
                        var group = try GroupRecord(json)
                        group.isReady = false
                        return group
                    })
                {
                    reports.append(report)
                }
            }
        }
        return reports
    }
}
