internal import CLinux
internal import Glibc
internal import Syscalls

/// What a tool is shown of the host's block devices.
public enum ToolView: Sendable {
    /// All of them, as they are.
    case everything
    /// One block device, by its path, and none of the other loop devices' mounts.
    ///
    /// For tools that ask every device of the host and every mount before they begin: one device that hangs, somewhere on
    /// the host, would hold them for ever. The tool gets a mount namespace of its own in which /sys/block holds its device
    /// alone.
    case only(String)
}

/// Starts programs that see less of the host.
enum Seclusion {
    /// Runs `start` so that a process that it starts sees that device alone.
    static func run(
        showing device: String, _ start: @escaping @Sendable () throws(ToolError) -> pid_t
    ) throws(ToolError) -> pid_t {
        // Where that cannot be done the tool sees the host as it is, which does no harm while nothing hangs.
        let secluded = try HostThread.alone { () throws(ToolError) in
            _ = try? seclude(showing: device)
            return try start()
        }
        if let secluded { return secluded }
        return try start()
    }

    /// Changes the calling thread's own mount namespace, which goes with it and with what it starts.
    private static func seclude(showing device: String) throws(SystemError) {
        guard holdfast_own_mounts() == 0 else { throw .last("make a mount namespace for", device) }
        // Whose mounts are hidden here is seen by nobody else, and no filesystem is asked for anything.
        // One that cannot be hidden is gone meanwhile, or covered: the tool then sees what every tool sees.
        for point in try loopMounts(besides: device) { _ = holdfast_hide(point) }
        guard let name = device.split(separator: "/").last else { return }
        let folder = "/sys/block"
        var room = [CChar](repeating: 0, count: 4_096)
        let length = readlink("\(folder)/\(name)", &room, room.count - 1)
        if length < 0 { throw .last("find", "\(folder)/\(name)") }
        let target = String(decoding: room[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if holdfast_cover(folder) != 0 { throw .last("cover", folder) }
        // sysfs has it as ../devices/virtual/block/loop3.
        if symlink("/sys/block/\(target)", "\(folder)/\(name)") != 0 {
            // A tool that did not find its own device would be worse off than one that sees all of them.
            _ = holdfast_hide(folder)
            throw .last("show", device)
        }
    }

    /// Mount points of loop devices, the latest first. The device's own stay: a tool is to see that it is mounted.
    private static func loopMounts(besides device: String) throws(SystemError) -> [String] {
        let table = String(decoding: try Files.read("/proc/thread-self/mountinfo", limit: 64 << 20), as: UTF8.self)
        return table.split(separator: "\n").reversed().compactMap { line in
            // mount id, parent id, device, root, mount point, options, tags, `-`, type, source, options (proc(5)).
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 2, dash > 5,
                fields[dash + 2].hasPrefix("/dev/loop"), fields[dash + 2] != device
            else { return nil }
            let point = unescapedMountField(String(fields[4]))
            return holdsWhatIsNeeded(point) ? nil : point
        }
    }

    /// Whether a tool could not run without what is mounted there: a host's own root may lie on a loop device.
    private static func holdsWhatIsNeeded(_ point: String) -> Bool {
        point == "/"
            || ["/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"].contains {
                $0 == point || $0.hasPrefix("\(point)/") || point.hasPrefix("\($0)/")
            }
    }
}
