internal import Devices
internal import Filesystems
internal import Pools

// What a device holds decides what is done to it: nothing at all, unless it is proven blank, or is a copy that has not got
// a UUID of its own yet.
extension Storage {
    /// Law 1: sees to it that the device holds the volume's filesystem. Says whether it was made just now.
    func prepare(
        _ volume: Volume, _ filesystem: any Filesystem, _ attached: borrowing AttachedDevice, mayFormat: Bool,
        _ claim: borrowing Claim
    ) throws(VolumeError) -> Bool {
        let device = attached.device.path
        let state = volume.record.format
        var remains: UUID?
        if case .formatting(let uuid, _) = state { remains = uuid }
        let finding = try examining(Examination.examine(attached.device, remains: remains))
        switch consume finding {
        case .blank(let blank):
            if !state.isNeverMounted { throw .contentLost(volume: volume.id, device: device) }
            let wasWritten = try pooling(volume.pool.wasWritten(volume.record))
            if state == .never && (wasWritten == true || !blank.isZeroed) {
                throw .unexpectedContent(
                    volume: volume.id, device: device, found: "data without a known signature", expected: "nothing yet")
            }
            guard mayFormat else {
                throw .refused(
                    volume: volume.id, reason: "it holds no filesystem yet, and is not formatted for a read-only use")
            }
            try format(volume, filesystem, blank, attached, onZeros: wasWritten == false, claim)
            return true
        case .filesystem(let signature):
            switch state {
            case .formatted(let uuid, let type) where signature.isFilesystem(filesystem.name, type, [uuid]): break
            case .renewing(let from, let to, let type)
            where signature.isFilesystem(filesystem.name, type, from + [to]):
                try renew(volume, filesystem, attached, from: signature.uuid, to: to, claim)
            case .never, .formatting, .formatted, .renewing: throw unexpected(volume, device, [signature])
            }
            return false
        case .foreign(let signature): throw unexpected(volume, device, [signature])
        case .ambiguous(let signatures): throw unexpected(volume, device, signatures)
        }
    }

    private func unexpected(_ volume: Volume, _ device: String, _ found: [Signature]) -> VolumeError {
        let expected =
            switch volume.record.format {
            case .never: "nothing yet"
            case .formatting(let uuid, let type): "a \(type) with UUID \(uuid) that is being made"
            case .formatted(let uuid, let type): "a filesystem of type \(type) with UUID \(uuid)"
            case .renewing(let from, let to, let type):
                "a copy of a \(type) with UUID \(from.map { "\($0)" }.joined(separator: " or ")), which is to get \(to)"
            }
        return .unexpectedContent(volume: volume.id, device: device, found: found.sentence, expected: expected)
    }

    /// Gives a copy a UUID of its own, so that the kernel never takes it for its source. The record says until the end that
    /// either of them may be found.
    private func renew(
        _ volume: Volume, _ filesystem: any Filesystem, _ attached: borrowing AttachedDevice, from old: UUID?,
        to new: UUID, _ claim: borrowing Claim
    ) throws(VolumeError) {
        claim.longStep("giving the copy on \(attached.device.path) a UUID of its own")
        try tooling(filesystem.renewUUID(on: attached.device.path, from: old ?? new, to: new))
        try pooling(volume.pool.sync(attached, of: volume.record))
        var record = volume.record
        record.format = .formatted(new, type: filesystem.name)
        try update(record, in: volume.pool)
    }

    /// Record `formatting(uuid)` → mkfs → fsync of device and image → record `formatted`. The mount comes after.
    private func format(
        _ volume: Volume, _ filesystem: any Filesystem, _ blank: consuming BlankDevice,
        _ attached: borrowing AttachedDevice, onZeros: Bool, _ claim: borrowing Claim
    ) throws(VolumeError) {
        var record = volume.record
        let uuid: UUID
        if case .formatting(let begun, _) = record.format {
            uuid = begun
        } else {
            uuid = UUID.random()
            record.format = .formatting(uuid, type: filesystem.name)
            claim.step("recording that \(attached.device.path) is being formatted")
            try update(record, in: volume.pool)
        }
        let options = try volume.parameters().formatOptions(for: filesystem)
        claim.longStep("making \(filesystem.name) on \(attached.device.path)")
        do throws(FilesystemError) {
            try filesystem.format(blank, uuid: uuid, onZeros: onZeros, options: options)
        } catch {
            // A full pool shows as an I/O error of the image's device; the words of the tool would mislead.
            if let room = try? volume.pool.capacity(.thick).available, room < Self.roomToFormat {
                throw .pool(.outOfSpace(pool: volume.pool.name, reason: "it has \(room) bytes left; \(error)"))
            }
            throw .filesystem(error)
        }
        claim.step("flushing \(attached.device.path)")
        try pooling(volume.pool.sync(attached, of: record))
        record.format = .formatted(uuid, type: filesystem.name)
        claim.step("recording that \(attached.device.path) is formatted")
        try update(record, in: volume.pool)
    }

    /// What mkfs of the greediest kind writes at the least (xfs with its log), in bytes.
    private static let roomToFormat: Int64 = 66 << 20
}

extension Signature {
    /// Whether it is a filesystem of the kind that is wanted and recorded, with one of those UUIDs.
    fileprivate func isFilesystem(_ wanted: String, _ recorded: String, _ uuids: [UUID]) -> Bool {
        type == wanted && type == recorded && uuid.map(uuids.contains) == true
    }
}
