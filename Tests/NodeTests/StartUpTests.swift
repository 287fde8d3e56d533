internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("The start-up pass", .needsRoot)
struct StartUpTests {
    @Test("a node that was rebooted: mounts and devices are gone, records are there", arguments: Access.allCases)
    func reboot(access: Access) async throws {
        let folder = TemporaryFolder("node")
        try await withNode(in: folder) { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.attach(volume)
            try await node.use(volume, as: "v")
            let file = access == .rawBlock ? node.path("v") : node.path("v/file")
            try await write([1, 2, 3], to: file)
            await node.kill()
            for point in folder.mountPoints { #expect(umount2(point, 0) == 0) }
            for name in loopDevices(in: node.pool) { try await run("losetup", "-d", "/dev/\(name)") }
            await eventually("the device is still attached") { loopDevices(in: node.pool).isEmpty }
            // Somebody else gets the number that the volume's device had.
            folder.makeImage("other", bytes: mebibyte)
            let other = try await run("losetup", "--find", "--show", folder.at("other")).prefix { $0 != "\n" }
            try await node.start()

            if access != .rawBlock {
                await refused(.failedPrecondition, "v.staging", "stage it there first") {
                    try await node.publish(volume, at: "v", from: "v.staging")
                }
            }
            await refused(.notFound, node.path("v")) { try await node.stats(volume, at: "v") }
            try await node.use(volume, as: "v")
            #expect(try await read(file, count: 3) == [1, 2, 3])
            try await run("losetup", "-d", String(other))
        }
    }

    /// After a reboot kubelet's folders are there, and nothing is mounted on them: whatever is written goes to the root disk.
    @Test("paths that lie on the root disk now are not taken for the volume, and files in them stay")
    func pathsOnRootDisk() async throws {
        let folder = TemporaryFolder("node")
        try await withNode(in: folder) { node in
            let volume = try await node.create()
            try await node.use(volume, as: "v")
            await node.kill()
            for point in folder.mountPoints { #expect(umount2(point, 0) == 0) }
            let files = [node.path("v.staging/stray"), node.path("v/stray")]
            for file in files { try await write([9], to: file) }
            try await node.start()

            await refused(.failedPrecondition, node.path("v.staging"), "files") {
                try await node.stage(volume, at: "v.staging")
            }
            await refused(.notFound, node.path("v")) { try await node.stats(volume, at: "v") }
            await refused(.failedPrecondition, node.path("v")) { try await node.unpublish(volume, at: "v") }
            // Nothing is staged there, so that is done; the folder is the orchestrator's, and so are its files.
            try await node.unstage(volume, at: "v.staging")
            for file in files {
                #expect(try await read(file, count: 1) == [9])
                unlink(file)
            }
            try await node.use(volume, as: "v")
        }
    }

    /// A container that is started anew has another mount namespace; what sysfs says of the former one's loop devices is
    /// wrong from then on.
    @Test("devices and mounts of a mount namespace that is gone are known", arguments: Access.allCases)
    func goneNamespace(access: Access) async throws {
        let folder = TemporaryFolder("node")
        let disk = folder.makeFolder("disk")
        let root = folder.makeFolder("kubelet")
        try await run("mount", "--bind", root, root)
        try await run("mount", "--make-shared", root)
        // As in a container: the pool is a mount of the namespace alone, kubelet's folder is shared with the host.
        let pool = folder.makeFolder("pool")
        let script = "mount --bind '\(disk)' '\(pool)' && exec \"$@\""
        let launcher = [
            "/usr/bin/unshare", "--mount", "--propagation", "unchanged", "/bin/sh", "-c", script, "node",
        ]
        try await withNode(in: folder, pool: pool, hasKubeletRoot: true, launcher: launcher) { node in
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            try await node.use(volume, as: "v")
            let mounts = folder.mountPoints
            #expect(mounts.contains(node.path("v")), "it is not seen outside of the namespace")
            try await node.restart()
            try await node.use(volume, as: "v")
            #expect(folder.mountPoints == mounts)
            let inode = try FileStatus.of(path: "\(disk)/volumes/\(volume.id).image").identity.inode
            let attached = try await run("losetup", "--noheadings", "--output", "BACK-INO")
            #expect(attached.split(whereSeparator: \.isWhitespace).count { $0 == "\(inode)" } == 1)
            try await node.restart()
            try await node.stopUsing(volume, as: "v")
            try await node.delete(volume)
            await node.undoEverything(#_sourceLocation)
            #expect(names(in: "\(disk)/volumes") == [])
        }
        umount2(root, 0)
    }

    /// A killed process may be there for a while after its lock is free, and its name stands in the lock file until the next
    /// one has written its own.
    @Test("of two nodes that start beside one that was killed, one serves the pool")
    func twoStarts() async throws {
        let folder = TemporaryFolder("node")
        let faults = FaultControl(folder)
        try await withNode(in: folder, launcher: faults.launcher) { node in
            // Not reaped: it stays a zombie, with its locks long free.
            let killed = node.daemon
            killed.signal(SIGKILL)
            await eventually("it does not end") {
                (try? Files.read("/proc/\(killed.processID)/stat", limit: 4_096)).map {
                    String(decoding: $0, as: UTF8.self).contains(") Z ")
                } ?? false
            }
            faults.startRecording()
            faults.hang(at: FaultPoint(side: "before", name: "resize holdfast-pool.lock", count: 1))
            try node.launch()
            await eventually("the second one does not take the lock") { faults.isHanging }
            let third = try NodeRun([
                "--endpoint", "unix://\(folder.at("other.sock"))", "--node-id", "n", "--pool-dir", node.pool,
                "--kubelet-root", node.kubeletRoot,
            ])
            let (status, output) = try await third.ending()
            #expect(status == 1 && output.contains("served"), "\(output)")
            faults.clear()
            try await node.waitUntilReady()
            withExtendedLifetime(killed) {}
        }
    }

    @Test("Probe says not ready until it is through, and all else is UNAVAILABLE")
    func notReady() async throws {
        let folder = TemporaryFolder("node")
        let faults = FaultControl(folder)
        try await withNode(in: folder, launcher: faults.launcher) { node in
            let volume = try await node.create()
            await node.kill()
            // A deletion that the start-up pass will finish.
            rename(node.record(of: volume), "\(node.record(of: volume)).deleted")
            faults.startRecording()
            faults.hang(at: FaultPoint(side: "before", name: "unlink hf-*.image", count: 1))
            try node.launch()
            await eventually("the start-up pass does not reach the deletion") { faults.isHanging }
            #expect(try await node.call(CSIMethod.probe, ProbeRequest()).ready == false)
            await refused(.unavailable) { try await node.create("other") }
            await refused(.unavailable) { try await node.call(CSIMethod.listVolumes, ListVolumesRequest()) }
            faults.clear()
            try await node.waitUntilReady()
            #expect(node.poolFiles() == [])
        }
    }

    /// Every cut is followed by a start that is itself cut off, at another of its points each time.
    @Test("a start that is killed while it mends is mended by the next", .tellsApart)
    func killedAgain() async {
        await sideBySide(WalkedOperation.mended, atMost: 4) { try await walkStarts($0) }
    }
}

extension WalkedOperation {
    /// Those that leave the next start something to do, one of each kind.
    static let mended = all.filter { operation in
        [
            "CreateVolume, thin", "DeleteVolume, ext4", "CreateSnapshot, ext4, mounted, a pool on xfs",
            "CreateVolumeGroupSnapshot", "DeleteVolumeGroupSnapshot",
        ].contains(operation.label)
    }
}
