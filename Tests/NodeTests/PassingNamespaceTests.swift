internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// Container runtimes make mount namespaces all the time, and each begins as a copy of the host's mounts.
@Suite("Mount namespaces that come and go", .needsRoot)
struct PassingNamespaceTests {
    @Test("hold a volume up for the moment that they hold its mount, and do not have its deletion refused")
    func passing() async throws {
        try await withNode { node in
            let volume = try await node.create()
            try await node.stage(volume)
            let holder = try Daemon(
                "/usr/bin/unshare", ["--mount", "--propagation", "private", "sleep", "30"],
                log: node.folder.at("holder"))
            await eventually("there is no other namespace") { hasOwnMounts(holder.processID) }
            try await node.unstage(volume)
            let deletion = Task {
                while true {
                    let code = await outcome { () async throws(RPCStatus) in try await node.delete(volume) }
                    // The look below had the volume's claim for a moment.
                    if code != .aborted { return code }
                }
            }
            await eventually("the deletion is not under way") {
                await outcome { () async throws(RPCStatus) in
                    try await node.call(CSIMethod.controllerUnpublishVolume, .init(volumeID: volume.id))
                } == .aborted
            }
            _ = await HostThread.run { holder.end(within: 0) }
            #expect(await deletion.value == .ok)
        }
    }

    private func hasOwnMounts(_ process: Int32) -> Bool {
        func namespace(_ process: String) -> [CChar] {
            var room = [CChar](repeating: 0, count: 64)
            _ = readlink("/proc/\(process)/ns/mnt", &room, 63)
            return room
        }
        let comm = (try? Files.read("/proc/\(process)/comm", limit: 64)) ?? []
        return namespace("\(process)") != namespace("self") && comm.starts(with: Array("sleep".utf8))
    }
}
