internal import Filesystems
internal import Pools

// Growing a filesystem by a tool, before it is mounted: for those that this process may not have the kernel grow. The tool
// may be cut off anywhere, and what it then leaves may be nothing that a careful check corrects; so the record says while it
// is at work, and only what it says so of is mended by force.
extension Storage {
    /// Checks a filesystem before it is mounted for writing, or mends one whose growth was cut off.
    func check(
        _ volume: Volume, _ filesystem: any Filesystem, on device: String, _ claim: borrowing Claim
    ) throws(VolumeError) -> CheckOutcome {
        if volume.record.isResizing {
            claim.longStep("mending the \(filesystem.name) on \(device), whose growth was cut off")
            return try tooling(filesystem.mendGrowth(on: device))
        }
        claim.longStep("checking the \(filesystem.name) on \(device)")
        let isToGrow = volume.record.growsFrom != nil && filesystem.growsUnmounted
        let mode = isToGrow ? .force : try volume.parameters().fsck
        return try tooling(Filesystems.check(filesystem, on: device, mode))
    }

    /// Grows a filesystem that has just been checked or mended, where it has to be done now.
    func growUnmounted(
        _ volume: Volume, _ filesystem: any Filesystem, _ attached: borrowing AttachedDevice, _ claim: borrowing Claim
    ) throws(VolumeError) {
        let device = attached.device.path
        var record = volume.record
        let grows = record.growsFrom != nil && filesystem.growsUnmounted
        guard grows || record.isResizing else { return }
        var begins = false
        if grows {
            claim.longStep("growing the \(filesystem.name) on \(device)")
            // Before it is noted: what is noted is mended by force.
            begins = try pendGrowth { () throws(VolumeError) in
                try tooling(filesystem.requireGrowable(on: device))
                return true
            }
        }
        guard begins || record.isResizing else { return }
        if begins {
            record.isResizing = true
            try update(record, in: volume.pool)
            let isDone = try pendGrowth { () throws(VolumeError) in
                try tooling(filesystem.growUnmounted(on: device))
                return true
            }
            if !isDone { _ = try tooling(filesystem.mendGrowth(on: device)) }
        }
        claim.step("flushing \(device)")
        try pooling(volume.pool.sync(attached, of: record))
        record.isResizing = false
        try update(record, in: volume.pool)
    }

    /// Refuses what would read a filesystem whose growth by a tool was cut off.
    func requireNoCutOffGrowth(of volume: Volume) throws(VolumeError) {
        guard volume.record.isResizing else { return }
        throw .refused(
            volume: volume.id,
            reason: "growing its filesystem was cut off; stage it for writing, which brings that to its end")
    }
}
