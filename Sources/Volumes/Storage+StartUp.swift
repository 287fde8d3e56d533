internal import Mounts
internal import Pools
internal import Syscalls

/// What the start-up pass found, for the log.
public struct StartUpReport: Sendable {
    public var volumes = 0
    public var mounts = 0
    /// What could not be decided, a sentence each. It concerns single volumes and does not keep the others waiting.
    public var troubles: [String] = []
}

extension Storage {
    /// Rebuilds the picture from the pools and the kernel: records, attached devices, mounts that outlived the process.
    /// `isReady` turns true at its end.
    public func startUp() throws(VolumeError) -> StartUpReport {
        var report = StartUpReport()
        for pool in pools {
            report.troubles += try pooling(pool.recover())
            report.volumes += pool.index.count
        }
        let mounts = try findMounts()
        report.mounts = mounts.found
        report.troubles += mounts.troubles
        ready.store(true, ordering: .releasing)
        return report
    }

    /// Notes where volumes are mounted. What cannot be looked at is told of, and keeps no other volume waiting.
    private func findMounts() throws(VolumeError) -> (found: Int, troubles: [String]) {
        var found = 0
        var troubles: [String] = []
        for mount in try mountTable() where mount.blockDevice?.major == 7 || mount.root.hasPrefix("/loop") {
            do throws(VolumeError) {
                guard let place = try mounting(root.locate(mountPoint: mount.point)) else { continue }
                guard let id = try owner(of: try mounting(place.occupant())).volume else { continue }
                mountPoints.add(place.path, of: id)
                found += 1
            } catch {
                troubles.append("the mount at \(mount.point) could not be looked at: \(error)")
            }
        }
        return (found, troubles)
    }
}
