internal import Mounts
internal import Pools

extension Storage {
    /// How many mounts of ours may lie on one path: restarts of clients have stacked them by the thousand elsewhere.
    static let stackLimit = 1_024

    /// Unmounts a staged volume and detaches its device. What is not staged at the path, and what is unknown, is unstaged
    /// already; a mount that is not ours stays.
    public func unstage(
        _ text: String, from path: String, by operation: String = "NodeUnstageVolume"
    ) throws(VolumeError) {
        let claim = try claims.take("volume \(text)", for: operation)
        guard let id = VolumeID(text) else { return try unmountIfThere(text, path) }
        let pathClaim = try claims.take("path \(try plainPath(path))", for: operation)
        pathClaim.step("unstaging volume \(text)")
        let volume = try lookUpEvenIfDamaged(text)
        let staging = try stagedMount(of: id, at: path)
        // Detaching a raw block device beneath a target that nobody remembers would give its number to another volume.
        let isBlock = volume?.record.access == .block
        if let holder = try holders(of: id, besides: staging, thoroughly: isBlock).first {
            // Without a mount at this path it is not staged here, but for raw block volumes, which have none.
            if staging == nil && !isBlock { return try unmountIfThere(text, path) }
            throw .inUse(volume: id, how: "it is published at \(holder.path)", advice: "unpublish it there first")
        }
        claim.step("unmounting \(path)")
        // The device is held open from here on, so that it is still ours when it is detached.
        guard let volume, let held = try pooling(volume.pool.attached(volume.record)) else {
            try unmountIfThere(text, path)
            // A device whose image was deleted is known by its label alone.
            for pool in pools { try pooling(pool.detachFormer(id)) }
            return
        }
        try unmountIfThere(text, path)
        claim.step("detaching \(held.device.path)")
        do throws(PoolError) {
            try volume.pool.detach(held, of: volume.record)
        } catch {
            throw .pool(error)
        }
    }

    /// The volume; nil for one whose record is unknown or damaged. The kernel knows all that unstaging needs.
    func lookUpEvenIfDamaged(_ text: String) throws(VolumeError) -> Volume? {
        do throws(VolumeError) {
            return try lookUp(text)
        } catch {
            if case .pool(.damagedRecord) = error { return nil }
            throw error
        }
    }

    /// The mount of that volume at the path.
    private func stagedMount(of id: VolumeID, at path: String) throws(VolumeError) -> Mount? {
        guard let place = try locateIfThere(path) else { return nil }
        let occupant = try mounting(place.occupant())
        return try owner(of: occupant).volume == id ? occupant.mount : nil
    }

    private func unmountIfThere(_ text: String, _ path: String) throws(VolumeError) {
        if let place = try locateIfThere(path) { try unmountAll(text, at: place) }
    }

    /// A path that leads nowhere holds nothing that could be undone.
    func locateIfThere(_ path: String) throws(VolumeError) -> HostPath? {
        do throws(MountError) {
            return try root.locate(path)
        } catch {
            if case .missingPath = error { return nil }
            throw .mount(error)
        }
    }

    /// The path as a claim on it is named, without doubled slashes and dots.
    private func plainPath(_ path: String) throws(VolumeError) -> String {
        let place = try locateIfThere(path)
        switch place {
        case .some(let place): return place.path
        case .none: return path
        }
    }

    /// Unmounts every mount of that volume at the path, topmost first. Anything else there is refused and stays.
    func unmountAll(_ text: String, at place: borrowing HostPath) throws(VolumeError) {
        for _ in 0..<Self.stackLimit {
            let occupant = try mounting(place.occupant())
            guard occupant.mount != nil else { break }
            switch try owner(of: occupant) {
            case .volume(let id) where id.text == text, .formerVolume(let id) where id.text == text:
                try mounting(place.unmount())
            case .volume(let id), .formerVolume(let id):
                throw .inTheWay(path: place.path, found: "a mount of the other volume \(id)")
            case .somebodyElse:
                if let id = VolumeID(text), try showsNothing(occupant, of: id, at: place.path) {
                    try mounting(place.unmount())
                    continue
                }
                throw .inTheWay(path: place.path, found: occupant.summary)
            }
        }
        let left = try mounting(place.occupant())
        if left.mount != nil {
            throw .inTheWay(path: place.path, found: "more than \(Self.stackLimit) mounts on top of each other")
        }
        if let id = VolumeID(text) { mountPoints.remove(place.path, of: id) }
    }
}
