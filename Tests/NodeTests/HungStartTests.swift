internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// Ends and starts of a node while the disk beneath one of its volumes does not answer.
@Suite("Ends and starts beside a hung disk", .needsRoot)
struct HungStartTests {
    @Test("after a kill the next start is ready while a workload and its disk still hang, and serves the other volumes")
    func hungWorkload() async throws {
        try await withNode { node in
            let volume = try await node.create("v", size: 32 * mebibyte)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            try await node.use(volume, as: "v")
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            let file = node.path("v/file")
            disk.hang(.read, .write, .sync)
            async let writer: Void = write([UInt8](repeating: 7, count: 1 << 20), to: file)
            await eventually("nothing hangs") { disk.hanging > 0 }
            await node.kill()
            try await node.start()
            try await node.expectUntroubled(other)
            try await node.liveOnce("another")
            await refused(.failedPrecondition, node.path("v")) {
                try await node.publish(volume, at: "second", from: "v.staging")
            }
            #expect(disk.hanging > 0)
            disk.heal()
            try await writer
            #expect(try await read(file, count: 1) == [7])
            try await node.stopUsing(volume, as: "v")
            await eventually("a device is still attached") { loopDevices(in: node.pool).count == 1 }
            _ = consume disk
            try await node.use(volume, as: "v")
            #expect(try await read(file, count: 1) == [7])
        }
    }

    @Test("after a kill within a format that hangs, the next start is ready, and formats when the disk answers again")
    func hungFormat() async throws {
        try await withNode { node in
            let volume = try await node.create("v", size: 32 * mebibyte)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            disk.hang(.write)
            async let hung = outcome { () async throws(RPCStatus) in try await node.stage(volume) }
            await eventually("nothing hangs") { disk.hanging > 0 }
            await node.kill()
            _ = await hung
            try await node.start()
            try await node.expectUntroubled(other)
            try await node.liveOnce("another")
            #expect(disk.hanging > 0)
            disk.heal()
            await eventually("the volume is not staged") {
                await outcome { () async throws(RPCStatus) in try await node.stage(volume) } == .ok
            }
            try await node.unstage(volume)
            await eventually("a device is still attached") { loopDevices(in: node.pool).count == 1 }
            _ = consume disk
        }
    }

    @Test("after a kill of a node that is itself held by the disk, the next start takes its place")
    func hungNode() async throws {
        try await withNode { node in
            let volume = try await node.create("v", size: 32 * mebibyte)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            try await node.stage(volume)
            try await write([1, 2, 3], to: node.path("staging/file"))
            let other = try await node.createInUse("other", size: 16 * mebibyte)
            disk.hang(.write, .sync)
            let first = node.impatient(seconds: 1)
            await refused(.deadlineExceeded) { try await first.unstage(volume) }
            first.client.close()
            // It cannot end before its system call does: the kernel has no way to take that back.
            let killed = node.daemon
            killed.signal(SIGKILL)
            node.client.close()
            do {
                try await node.start()
                try await node.expectUntroubled(other)
                try await node.liveOnce("another")
            } catch {
                // What was killed is waited for.
                disk.heal()
                throw error
            }
            #expect(killed.exitStatus == nil && disk.hanging > 0)
            disk.heal()
            await eventually("the killed node does not end") { killed.exitStatus != nil }
            try await node.unstage(volume)
            await eventually("a device is still attached") { loopDevices(in: node.pool).count == 1 }
            _ = consume disk
            try await node.stage(volume)
            #expect(try await read(node.path("staging/file"), count: 3) == [1, 2, 3])
        }
    }

    @Test("a drain ends in its time although a tool hangs for ever")
    func drain() async throws {
        try await withNode { node in
            let volume = try await node.create("v", size: 32 * mebibyte)
            let disk = try FaultyDisk(node.image(of: volume), at: node.image(of: volume))
            disk.hang(.write)
            async let hung = outcome { () async throws(RPCStatus) in try await node.stage(volume) }
            await eventually("nothing hangs") { disk.hanging > 0 }
            let daemon = node.daemon
            let status = await HostThread.run { daemon.end(within: 29) }
            #expect(status == 0, "\(node.logText)")
            #expect(disk.hanging > 0)
            _ = await hung
            disk.heal()
            try await node.start()
            await eventually("the volume is not staged") {
                await outcome { () async throws(RPCStatus) in try await node.stage(volume) } == .ok
            }
            try await node.unstage(volume)
            await eventually("a device is still attached") { loopDevices(in: node.pool).isEmpty }
            _ = consume disk
        }
    }
}
