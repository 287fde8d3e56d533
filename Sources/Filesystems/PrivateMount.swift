internal import Glibc
internal import Syscalls

/// Mounts that no path leads to.
enum PrivateMount {
    /// Mounts the filesystem on `device` writable, which replays its log, and unmounts it again, without it ever standing
    /// in a mount table: fsmount(2) makes a mount that nothing is attached to, and closing it ends it.
    ///
    /// Returns when the device is free again.
    static func replayLog(_ type: String, on device: String, _ parameters: [String]) throws(FilesystemError) {
        do throws(SystemError) {
            try mount(type, device, parameters)
        } catch {
            throw error.code == EBUSY ? .inUse(device: device) : .system(error)
        }
        try waitUntilFree(device)
    }

    private static func mount(_ type: String, _ device: String, _ parameters: [String]) throws(SystemError) {
        let number = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        if number < 0 { throw .last("use the filesystem", type) }
        let context = Descriptor(owning: number)
        func succeed(_ result: CInt) throws(SystemError) {
            if result >= 0 { return }
            let code = errno
            throw SystemError("replay the log of", device, code: code, detail: words(context))
        }
        func set(_ command: fsconfig_command, _ key: String?, _ value: String?) throws(SystemError) {
            let number = context.number
            if command == FSCONFIG_CMD_CREATE {
                try succeed(durable("replay the log of", device) { fsconfig(number, command.rawValue, key, value, 0) })
            } else {
                try succeed(fsconfig(number, command.rawValue, key, value, 0))
            }
        }
        try set(FSCONFIG_SET_STRING, "source", device)
        for parameter in parameters { try set(FSCONFIG_SET_FLAG, parameter, nil) }
        try set(FSCONFIG_CMD_CREATE, nil, nil)
        let mounted = fsmount(context.number, UInt32(FSMOUNT_CLOEXEC), 0)
        try succeed(mounted)
        try Descriptor(owning: mounted).close(device)
    }

    /// What the kernel has to say, one message a read(2), without the letter in front.
    private static func words(_ context: borrowing Descriptor) -> String? {
        var room = [UInt8](repeating: 0, count: 1_024)
        let count = read(context.number, &room, room.count)
        guard count > 2 else { return nil }
        return String(decoding: room[2..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// A process that is being started holds copies of our descriptors until it execs, the mount's among them.
    private static func waitUntilFree(_ device: String) throws(FilesystemError) {
        let deadline = Moment.after(seconds: 30)
        while true {
            do throws(FilesystemError) {
                return try Filesystems.requireUnused(device)
            } catch {
                guard case .inUse = error, deadline.remainingMilliseconds > 0 else { throw error }
                usleep(2_000)
            }
        }
    }
}
