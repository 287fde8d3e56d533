internal import Devices
internal import Glibc
internal import Syscalls

extension FilePool {
    /// Bytes of room below which thin volumes may meet the end of it at any moment.
    private static let littleRoom: Int64 = 16 << 20

    func troubles(of record: VolumeRecord) throws(PoolError) -> [String] {
        var troubles: [String] = []
        let path = volumes.imagePath(record.id.text)
        // One look, without opening it: a volume may be deleted while all are listed.
        let present = try volumes.status(record.id.text)
        if let present {
            if present.kind != .file {
                troubles.append("its image \(path) is a \(present.kind.rawValue); put the image back in its place")
            } else if present.size < record.assuredSize {
                troubles.append(
                    "its image \(path) has \(present.size) bytes of \(record.assuredSize); its end is lost: restore it "
                        + "from a backup")
            } else if present.size > record.size {
                troubles.append(
                    "its image \(path) has \(present.size) bytes, more than the volume's \(record.size); cut it to that size "
                        + "(truncate) if it is the right one")
            }
        } else {
            troubles.append("its image \(path) is missing; restore it from a backup")
        }
        if let trouble = try attachmentTrouble(of: record, present?.identity) { troubles.append(trouble) }
        let usage = try kernel(FilesystemUsage.of(records.folder, self.path))
        if record.provisioning == .thin && usage.available < Self.littleRoom {
            troubles.append(
                "the pool '\(name)' has \(usage.available) bytes left; make room, or its next writes will fail")
        }
        return troubles
    }

    /// What is wrong with the device that the volume was last attached as.
    private func attachmentTrouble(of record: VolumeRecord, _ present: FileIdentity?) throws(PoolError) -> String? {
        guard let index = attachedAt.withLock({ $0[record.id] }) else { return nil }
        let device = LoopDevice.path(index)
        // Nothing is attached there any more: that is a trouble only for who has it mounted, and told of there.
        guard let status = try status(ofLoop: index), status.label == label(record.id) else { return nil }
        if let present, status.backing != present {
            return
                "\(device) shows another file than \(volumes.imagePath(record.id.text)), which was replaced meanwhile; "
                + "unstage the volume before anything else writes there"
        }
        if present == nil && status.backing.device != self.device {
            return "\(device) shows a file of another filesystem"
        }
        return nil
    }

    func seenDevice(of id: VolumeID) -> SeenDevice? {
        guard let index = attachedAt.withLock({ $0[id] }),
            AttachedLoops.isAttached(index, toFileNamed: volumes.imageName(id.text))
        else { return nil }
        return AttachedLoops.seen(index)
    }

    func attachedVolumes() -> [VolumeID] {
        attachedAt.withLock { $0 }.filter { id, index in
            AttachedLoops.isAttached(index, toFileNamed: volumes.imageName(id.text))
        }.map(\.key)
    }
}
