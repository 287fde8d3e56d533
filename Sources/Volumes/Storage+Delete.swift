internal import Mounts
internal import Pools
internal import Syscalls

extension Storage {
    /// Deletes a volume that nobody uses. An unknown one is deleted already.
    ///
    /// Kubernetes really asks for the deletion of a volume that is still mounted, when a finished pod and its claim go
    /// together; unlinking the image then would leave mounts of a `//deleted` file behind.
    ///
    /// One that is being copied into existence is given up. `operation` is what the claim is taken for.
    public func delete(_ text: String, by operation: String = "DeleteVolume") throws(VolumeError) {
        guard VolumeID(text) != nil else { return }
        copies.cancel(text, "the volume is being deleted")
        let claim = try claims.take("volume \(text)", for: operation)
        guard let volume = try lookUp(text) else { return }
        if let node = volume.record.attachments.first?.node {
            throw .inUse(
                volume: volume.id, how: "it is attached to node '\(node)'",
                advice: "detach it (ControllerUnpublishVolume) first")
        }
        try requireUnused(volume)
        claim.step("deleting the volume")
        try pooling(volume.pool.delete(volume.id))
        stageTroubles.forget(volume.id)
    }

    /// Refuses while the volume is staged, naming the mounts that hold it. A device that an onlooker still has open
    /// after its volume was unstaged is no use of the volume.
    private func requireUnused(_ volume: Volume) throws(VolumeError) {
        let path: String
        let number: DeviceNumber
        let isKept: Bool
        do {
            guard let attached = try pooling(volume.pool.attached(volume.record)) else { return }
            path = attached.device.path
            number = attached.device.number
            isKept = attached.isKept
        }
        // The whole table is read only here, to name what an operator has to look for.
        let holders = try mountTable().filter { $0.shows(number, path) }.map(\.point)
        guard isKept || !holders.isEmpty else { return try requireNoHiddenUse(of: volume) }
        let how =
            holders.isEmpty
            ? "it is staged as \(path)" : "it is mounted at \(holders.prefix(4).joined(separator: ", "))"
        throw .inUse(volume: volume.id, how: how, advice: "unpublish and unstage it first")
    }
}
