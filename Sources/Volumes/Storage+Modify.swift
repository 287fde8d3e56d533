internal import Devices
internal import Filesystems
internal import Glibc
internal import Pools
internal import Syscalls

extension Storage {
    /// Changes a volume's mutable parameters: on the live device first, so that what the host cannot do is refused and not
    /// noted; then in the record, which every later stage applies. Those that are not named stay as they are.
    public func modify(_ text: String, _ parameters: MutableParameters) throws(VolumeError) {
        let claim = try claims.take("volume \(text)", for: "ControllerModifyVolume")
        let volume = try find(text)
        let merged = volume.record.mutableParameters.merging(parameters.given) { $1 }
        guard merged != volume.record.mutableParameters else { return }
        var record = volume.record
        record.mutableParameters = merged
        let changed = Volume(record: record, pool: volume.pool)
        try requireFewWriters(changed)
        claim.step("changing the device's settings")
        if let attached = try pooling(volume.pool.attached(record)) {
            do throws(VolumeError) {
                try applyReadAhead(changed, attached)
            } catch {
                // What was set on the way is set back as far as that goes; the record has not changed.
                try? applyReadAhead(volume, attached)
                throw error
            }
        }
        try update(record, in: volume.pool)
    }

    /// A volume that several pods write to cannot become one pod's by a word.
    private func requireFewWriters(_ volume: Volume) throws(VolumeError) {
        guard try volume.writerScope() == .pod else { return }
        let writable = try holders(of: volume.id, besides: nil, thoroughly: true).filter { !$0.mount.isReadOnly }
        // The mount at the staging path is everybody's; a raw block device has none.
        let allowed = volume.record.access == .block ? 1 : 2
        guard writable.count > allowed else { return }
        throw .refused(
            volume: volume.id,
            reason: "singleWriter cannot become pod while several pods write to it; it is mounted at "
                + writable.map(\.path).sorted().joined(separator: ", ") + ": unpublish all but one first")
    }

    /// Sets how far the kernel reads ahead on a volume's device, and in its filesystem where that has a setting of its own.
    func applyReadAhead(_ volume: Volume, _ attached: borrowing AttachedDevice) throws(VolumeError) {
        guard let wanted = try MutableParameters(volume.record.mutableParameters).readAheadKiB else { return }
        try set(readAheadKiB: wanted, in: "/sys/dev/block/\(attached.device.number)/queue/read_ahead_kb", of: volume)
        guard case .mount(let name) = volume.record.access, case .formatted(let uuid, _) = volume.record.format else {
            return
        }
        // A filesystem's own setting is there while it is mounted.
        for path in Filesystems.named(name)?.readAheadFiles(uuid: uuid) ?? [] where Glibc.access(path, F_OK) == 0 {
            try set(readAheadKiB: wanted, in: path, of: volume)
        }
    }

    private func set(readAheadKiB wanted: Int64, in path: String, of volume: Volume) throws(VolumeError) {
        do throws(SystemError) {
            let file = try Files.open(path, O_WRONLY)
            try Files.write(Array("\(wanted)\n".utf8), to: file, path)
        } catch {
            throw .refused(volume: volume.id, reason: "readAheadKiB cannot be enforced on this host: \(error)")
        }
    }
}

extension Volume {
    /// Who its one writer is: as it was last changed, or as its class says.
    func writerScope() throws(VolumeError) -> WriterScope {
        if let changed = try MutableParameters(record.mutableParameters).singleWriter { return changed }
        return try parameters().singleWriter
    }
}
