internal import Mounts
internal import Pools
internal import Synchronization
internal import Syscalls

/// What the start-up pass found, for the log.
public struct StartUpReport: Sendable {
    public var volumes = 0
    public var mounts = 0
    /// Filesystems that the process before had frozen, or had meant to.
    public var thawed = 0
    /// What could not be decided, a sentence each. It concerns single volumes and does not keep the others waiting.
    public var troubles: [String] = []
    /// How long it took.
    public var seconds = 0.0
}

extension Storage {
    /// Rebuilds the picture from the pools and the kernel: records, attached devices, mounts that outlived the process.
    /// `isReady` turns true at its end, after `tell` has been given what was found: whoever sees a ready node finds it told.
    public func startUp(_ tell: (StartUpReport) -> Void) throws(VolumeError) {
        let started = Moment.now
        var report = StartUpReport()
        for pool in pools {
            report.troubles += try pooling(pool.recover())
            report.volumes += pool.index.count
        }
        report.troubles += settleGroups()
        let mounts = try findMounts()
        report.mounts = mounts.found
        report.troubles += mounts.troubles
        for pool in pools {
            let noted = try pooling(pool.notedFreezes())
            report.troubles += noted.reports
            for id in noted.volumes {
                do throws(VolumeError) {
                    try thaw(id, in: pool)
                    report.thawed += 1
                } catch {
                    report.troubles.append("volume \(id) was left frozen and could not be thawed: \(error)")
                }
            }
        }
        report.seconds = started.age
        startUpReport.withLock { $0 = report }
        tell(report)
        ready.store(true, ordering: .releasing)
    }

    /// Lets the writers of a volume go on that the process before had held for a snapshot. Only what was noted is thawed, and
    /// what nobody froze stays as it is.
    private func thaw(_ id: VolumeID, in pool: any Pool) throws(VolumeError) {
        if let volume = try lookUp(id.text) {
            let holders = try holders(of: id, besides: nil, thoroughly: true)
            if holders.isEmpty {
                // Frozen where nobody here can thaw it: the note stays, for whoever unmounts it.
                try requireNoHiddenUse(of: volume)
            } else {
                let mount = try openMount(of: volume, holders)
                do throws(SystemError) {
                    try Files.thaw(mount.root.descriptor, mount.path)
                } catch {
                    throw .mount(.system(error))
                }
            }
        }
        pool.forgetFreeze(id)
    }

    /// Notes where volumes are mounted. What cannot be looked at, or does not answer, is told of and keeps no other volume
    /// waiting; from then on the kernel's table is asked for every volume, for one of them has mounts that are not known.
    private func findMounts() throws(VolumeError) -> (found: Int, troubles: [String]) {
        let found = Mutex(0)
        let failures = Mutex<[String]>([])
        let candidates = try mountTable().filter { $0.blockDevice?.major == 7 || $0.root.hasPrefix("/loop") }
        let late = HostThread.forEach(candidates, patience: Looks.patience) { [self] mount in
            do throws(VolumeError) {
                if try note(mount) { found.withLock { $0 += 1 } }
            } catch {
                failures.withLock { $0.append("the mount at \(mount.point) could not be looked at: \(error)") }
            }
        }
        let troubles =
            failures.withLock { $0 }
            + late.map {
                "the mount at \($0.point) has not answered for \(Int(Looks.patience)) s; look for a hung device beneath it"
            }
        if !troubles.isEmpty { mountPoints.areIncomplete = true }
        return (found.withLock { $0 }, troubles)
    }

    /// Says whether it is a volume's.
    private func note(_ mount: Mount) throws(VolumeError) -> Bool {
        guard let place = try mounting(root.locate(mountPoint: mount.point)),
            let id = try owner(of: try mounting(place.occupant())).volume
        else { return false }
        mountPoints.add(place.path, of: id, as: nil)
        return true
    }
}
