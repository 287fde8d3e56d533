internal import Devices
internal import Mounts
internal import Pools
internal import Syscalls

/// Where and how a client wants a staged volume shown to a workload.
public struct PublishOrder: Sendable {
    public let volume: String
    public let incarnation: String?
    public let stagingPath: String
    public let targetPath: String
    public let access: RequestedAccess
    public let mode: AccessMode
    public let mountFlags: [String]
    public let readOnly: Bool

    public init(
        volume: String, incarnation: String?, stagingPath: String, targetPath: String, access: RequestedAccess,
        mode: AccessMode, mountFlags: [String], readOnly: Bool
    ) {
        self.volume = volume
        self.incarnation = incarnation
        self.stagingPath = stagingPath
        self.targetPath = targetPath
        self.access = access
        self.mode = mode
        self.mountFlags = mountFlags
        self.readOnly = readOnly
    }

    var wantsWrite: Bool { !readOnly && mode.mayWrite }
}

extension Storage {
    /// Publishes a staged volume at a target: staged? → already there? → one writer? → bind.
    public func publish(_ order: PublishOrder) throws(VolumeError) {
        let claim = try claims.take("volume \(order.volume)", for: "NodePublishVolume")
        let volume = try find(order.volume)
        try volume.requireIncarnation(order.incarnation)
        try volume.requireAccess(order.access)
        let staging = try mounting(root.locate(order.stagingPath))
        let source = try staged(volume, at: staging)
        let target = try locateForMount(order.targetPath)
        let pathClaim = try claims.take("path \(target.path)", for: "NodePublishVolume")
        pathClaim.step("publishing volume \(volume.id)")
        guard target.path != staging.path else {
            throw .invalid("the target path and the staging path are both \(target.path)")
        }
        if order.wantsWrite, let mount = source.mount, mount.isReadOnly {
            let reason =
                mount.isFilesystemReadOnly
                ? mount.stopAdvice(at: staging.path)
                : "it is mounted read-only at \(staging.path), so it is not published for writing"
            throw .refused(volume: volume.id, reason: reason)
        }
        if order.wantsWrite, volume.record.attachments.contains(where: { $0.node == nodeID && $0.isReadOnly }) {
            throw .refused(
                volume: volume.id,
                reason:
                    "it is attached to this node read-only (ControllerPublishVolume), so it is not published for writing"
            )
        }
        if try alreadyPublished(volume, at: target, order) { return }
        let others = try holders(of: volume.id, besides: source.mount)
        try requireOneWriter(volume, order, others)
        claim.step("mounting at \(target.path)")
        try bind(volume, source, staging, onto: target, order, others)
        mountPoints.add(target.path, of: volume.id, as: .target)
    }

    /// What a publish binds: the staged mount, or the device node of a raw block volume.
    private struct Source {
        let mount: Mount?
        let device: String?
    }

    private func staged(_ volume: Volume, at staging: borrowing HostPath) throws(VolumeError) -> Source {
        if volume.record.access == .block {
            guard let attached = try pooling(volume.pool.attached(volume.record)), attached.isKept else {
                throw .notStaged(volume: volume.id, path: staging.path, found: "no attached device")
            }
            return Source(mount: nil, device: attached.device.path)
        }
        let occupant = try mounting(staging.occupant())
        guard let mount = occupant.mount, try owner(of: occupant) == .volume(volume.id) else {
            throw .notStaged(volume: volume.id, path: staging.path, found: occupant.summary)
        }
        return Source(mount: mount, device: nil)
    }

    /// Whether the target is published as asked. Anything else there is an error.
    private func alreadyPublished(
        _ volume: Volume, at target: borrowing HostPath, _ order: PublishOrder
    ) throws(VolumeError) -> Bool {
        let occupant = try mounting(target.occupant())
        switch occupant {
        case .nothing: return false
        case .file(size: 0) where volume.record.access == .block: return false
        case .directory where volume.record.access != .block:
            guard try mounting(target.isEmptyDirectory()) else {
                throw .inTheWay(path: target.path, found: "a directory with files in it")
            }
            return false
        case .directory, .file, .other: throw .inTheWay(path: target.path, found: occupant.summary)
        case .filesystem(let mount, _), .deviceNode(let mount, _):
            guard try owner(of: occupant) == .volume(volume.id) else {
                throw .inTheWay(path: target.path, found: occupant.summary)
            }
            if mount.isReadOnly == order.wantsWrite {
                throw .differs(
                    what: "a publication of volume \(volume.id) at \(target.path)",
                    difference: "it is \(mount.isReadOnly ? "read-only" : "writable")")
            }
            mountPoints.add(target.path, of: volume.id, as: .target)
            return true
        }
    }

    /// Law 2. `others` are live mounts in the kernel's table.
    private func requireOneWriter(
        _ volume: Volume, _ order: PublishOrder, _ others: [Holder]
    ) throws(VolumeError) {
        guard let first = others.first else { return }
        let recreate = "a Deployment that replaces its pod needs strategy: Recreate"
        func refusal(_ holder: Holder, _ advice: String) -> VolumeError {
            let use = holder.mount.isReadOnly ? "the reader" : "the writer"
            return .secondWriter(
                volume: volume.id, target: order.targetPath, holder: "\(use) at \(holder.path)", advice: advice)
        }
        // ReadWriteOncePod: nobody beside the one, not even a reader.
        if order.mode == .singleWriter { throw refusal(first, "its access mode is for one pod alone; \(recreate)") }
        guard order.wantsWrite, let writer = others.first(where: { !$0.mount.isReadOnly }) else { return }
        if order.mode == .multiWriter, try volume.writerScope() == .node { return }
        throw refusal(
            writer,
            "\(recreate), and a StorageClass with singleWriter: node lets the pods of one node share a ReadWriteOnce volume"
        )
    }

    private func bind(
        _ volume: Volume, _ source: Source, _ staging: borrowing HostPath, onto target: borrowing HostPath,
        _ order: PublishOrder, _ others: [Holder]
    ) throws(VolumeError) {
        let options = try mounting(MountOptions(order.mountFlags, readOnly: !order.wantsWrite))
        if let node = source.device {
            try setWriteProtection(volume, node, order, others)
            let made = try mounting(target.makeFile())
            do throws(MountError) {
                try target.bind(device: node, options: options)
            } catch {
                if made { try? target.remove() }
                throw .mount(error)
            }
        } else {
            let made = try mounting(target.makeDirectory())
            do throws(MountError) {
                try target.bind(from: staging, showing: source.mount, options: options)
            } catch {
                if made { try? target.remove() }
                throw .mount(error)
            }
        }
    }

    /// A read-only mount of a device node does not keep anybody from writing through the node, so the device itself is
    /// protected. It has one such state for all who open it: readers and a writer cannot share a raw block volume.
    private func setWriteProtection(
        _ volume: Volume, _ node: String, _ order: PublishOrder, _ others: [Holder]
    ) throws(VolumeError) {
        if let other = others.first(where: { $0.mount.isReadOnly == order.wantsWrite }) {
            throw .refused(
                volume: volume.id,
                reason:
                    "it is published \(other.mount.isReadOnly ? "read-only" : "for writing") at \(other.path), and a "
                    + "raw block device is either read-only or writable for all its users; unpublish it there first")
        }
        do throws(SystemError) {
            let device = try BlockDevice.open(node)
            if try device.isReadOnly() == order.wantsWrite { try device.setReadOnly(!order.wantsWrite) }
        } catch {
            throw .device(.system(error))
        }
    }

    /// Undoes a publication and removes the target. What is not there, and what is unknown, is unpublished already; a
    /// mount that is not ours stays.
    ///
    /// A volume that was recorded as ephemeral is destroyed.
    public func unpublish(_ text: String, from path: String) throws(VolumeError) {
        let ephemeral: Volume?
        do throws(VolumeError) {
            ephemeral = try self.ephemeral(named: text)
        } catch {
            guard let id = damagedEphemeral(named: text) else { throw error }
            return try unpublishDamaged(id, from: path)
        }
        if let ephemeral { return try unpublishEphemeral(ephemeral, from: path) }
        let claim = try claims.take("volume \(text)", for: "NodeUnpublishVolume")
        guard let place = try locateIfThere(path) else { return }
        let pathClaim = try claims.take("path \(place.path)", for: "NodeUnpublishVolume")
        pathClaim.step("unpublishing volume \(text)")
        claim.step("unmounting \(path)")
        try unmountAll(text, at: place)
        try mounting(place.remove())
    }
}
