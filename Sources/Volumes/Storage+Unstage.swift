internal import Mounts
internal import Pools

extension Storage {
    /// How many mounts of ours may lie on one path: restarts of clients have stacked them by the thousand elsewhere.
    static let stackLimit = 1_024

    /// Unmounts a staged volume and detaches its device. What is not staged, and what is unknown, is unstaged already;
    /// a mount that is not ours stays.
    public func unstage(_ text: String, from path: String) throws(VolumeError) {
        let claim = try claims.take(text, for: "NodeUnstageVolume")
        let volume = try lookUp(text)
        if let volume, let holder = try publishedTarget(of: volume, staging: path) {
            throw .inUse(volume: volume.id, how: "it is published at \(holder)", advice: "unpublish it there first")
        }
        claim.step("unmounting \(path)")
        guard let volume else { return try unmountIfThere(text, path) }
        // The device is held open from here on, so that it is still ours when its settings are put back.
        guard let held = try pooling(volume.pool.attached(volume.record)) else { return try unmountIfThere(text, path) }
        try unmountIfThere(text, path)
        claim.step("detaching \(held.device.path)")
        do throws(PoolError) {
            try volume.pool.detach(held, of: volume.record)
        } catch {
            throw .pool(error)
        }
    }

    private func unmountIfThere(_ text: String, _ path: String) throws(VolumeError) {
        if let place = try locateIfThere(path) { try unmountAll(text, at: place) }
    }

    /// A target that the volume is still published at.
    private func publishedTarget(of volume: Volume, staging path: String) throws(VolumeError) -> String? {
        var staging: UInt64?
        if let place = try locateIfThere(path) { staging = try mounting(place.occupant()).mount?.id }
        return try holders(of: volume, besides: staging).first?.path
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
