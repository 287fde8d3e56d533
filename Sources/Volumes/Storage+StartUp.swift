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
        report.mounts = try findMounts()
        ready.store(true, ordering: .releasing)
        return report
    }

    /// Notes where volumes are mounted. This is the one regular reading of the whole mount table.
    private func findMounts() throws(VolumeError) -> Int {
        let table: [Mount]
        do throws(SystemError) { table = try MountTable.all() } catch { throw .mount(.system(error)) }
        var found = 0
        for mount in table {
            // A raw block volume is a mount of devtmpfs, whose device says nothing; the path's own device does.
            let isLoop = mount.blockDevice.map { $0.major == 7 } ?? false
            guard isLoop || mount.root.hasPrefix("/loop") else { continue }
            guard let place = try? root.locate(mount.point), let occupant = try? place.occupant() else { continue }
            guard let id = try owner(of: occupant).volume else { continue }
            mountPoints.add(place.path, of: id)
            found += 1
        }
        return found
    }
}
