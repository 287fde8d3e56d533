internal import CLinux
internal import Glibc
internal import Syscalls

extension HostPath {
    /// Mounts the filesystem on `device` onto this directory (fsopen(2) and its family, Linux 5.2).
    ///
    /// The directory is held by descriptor from the look to the mount. What the kernel says in the filesystem context's
    /// log becomes part of the error.
    public func mountFilesystem(_ type: String, device: String, options: MountOptions) throws(MountError) {
        let target = try openTarget(.directory)
        let context = fsopen(type, UInt32(FSOPEN_CLOEXEC))
        if context < 0 {
            let code = errno
            throw .refusedByKernel(type: type, device: device, words: "the kernel does not know it", code: code)
        }
        let filesystem = Descriptor(owning: context)
        func configure(_ command: fsconfig_command, _ key: String?, _ value: String?) throws(MountError) {
            let number = filesystem.number
            // The last of the commands opens the device and replays its journal.
            let answer =
                command == FSCONFIG_CMD_CREATE
                ? durable("open the filesystem on", device) { fsconfig(number, command.rawValue, key, value, 0) }
                : fsconfig(number, command.rawValue, key, value, 0)
            if answer == 0 { return }
            let code = errno
            let words = contextLog(filesystem)
            if command != FSCONFIG_CMD_CREATE && (code == EINVAL || code == ENOENT), let key {
                throw .refusedOption(option: value.map { "\(key)=\($0)" } ?? key, reason: words ?? "unknown to \(type)")
            }
            throw .refusedByKernel(type: type, device: device, words: words ?? "", code: code)
        }
        try configure(FSCONFIG_SET_STRING, "source", device)
        if options.isReadOnly { try configure(FSCONFIG_SET_FLAG, "ro", nil) }
        for parameter in options.parameters {
            try configure(
                parameter.value == nil ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, parameter.key, parameter.value)
        }
        try configure(FSCONFIG_CMD_CREATE, nil, nil)
        let mounted = fsmount(filesystem.number, UInt32(FSMOUNT_CLOEXEC), UInt32(options.attributes))
        if mounted < 0 {
            let code = errno
            throw .refusedByKernel(type: type, device: device, words: contextLog(filesystem) ?? "", code: code)
        }
        try Self.move(Descriptor(owning: mounted), onto: target, path)
    }

    /// Binds what is mounted at `source` onto this directory or file: one mount, not those beneath it. Of the options,
    /// those count that belong to a mount; a filesystem's own were given when it was mounted.
    ///
    /// `mount` is what was found at the source when it was looked at. Anything else that is there by now is not bound.
    public func bind(
        from source: borrowing HostPath, showing mount: Mount? = nil, options: MountOptions
    ) throws(MountError) {
        let file = try source.open()
        let status: FileStatus
        do throws(SystemError) { status = try FileStatus.of(file, source.path) } catch { throw .system(error) }
        if let mount, status.mountID != mount.id || !status.isMountRoot { throw .changed(path: source.path) }
        try bind(file, source.path, onto: try openTarget(status.kind), options)
    }

    /// Binds a device node onto this file.
    public func bind(device node: String, options: MountOptions) throws(MountError) {
        let file: Descriptor
        do throws(SystemError) {
            file = try Files.open(node, HOLDFAST_O_PATH | O_NOFOLLOW)
        } catch {
            throw .system(error)
        }
        try bind(file, node, onto: try openTarget(.file), options)
    }

    /// Opens what is to be mounted on, which has to be of the kind that it was looked at for: never a symlink.
    private func openTarget(_ kind: FileStatus.Kind) throws(MountError) -> Descriptor {
        let target = try open()
        let status: FileStatus
        do throws(SystemError) { status = try FileStatus.of(target, path) } catch { throw .system(error) }
        if status.kind != kind { throw .changed(path: path) }
        return target
    }

    private func bind(
        _ source: borrowing Descriptor, _ object: String, onto target: borrowing Descriptor, _ options: MountOptions
    ) throws(MountError) {
        let flags = UInt32(bitPattern: OPEN_TREE_CLONE | O_CLOEXEC | HOLDFAST_AT_EMPTY_PATH)
        let clone = open_tree(source.number, "", flags)
        if clone < 0 { throw .system(.last("clone the mount of", object)) }
        let copy = Descriptor(owning: clone)
        if options.attributes != 0 {
            // On the clone, before anybody can see it: a bind that is made writable first can be opened in between.
            var attributes = mount_attr()
            attributes.attr_set = options.attributes
            // The access-time setting is one value of several bits, which the kernel wants cleared as a whole.
            if options.attributes & UInt64(MOUNT_ATTR__ATIME) != 0 { attributes.attr_clr = UInt64(MOUNT_ATTR__ATIME) }
            let size = MemoryLayout<mount_attr>.size
            if mount_setattr(copy.number, "", UInt32(HOLDFAST_AT_EMPTY_PATH), &attributes, size) != 0 {
                throw .system(.last("set the options of a mount of", object))
            }
        }
        try Self.move(copy, onto: target, path)
    }

    private static func move(
        _ mount: consuming Descriptor, onto target: borrowing Descriptor, _ path: String
    ) throws(MountError) {
        let flags = UInt32(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)
        let (from, to) = (mount.number, target.number)
        if durable("mount onto", path, { move_mount(from, "", to, "", flags) }) != 0 {
            throw .onEntry("mount onto", path, errno)
        }
    }

    /// Undoes the topmost mount at this path, through its parent folder: through the mount's own descriptor it would
    /// be EBUSY. A symlink at the name is not followed.
    public func unmount() throws(MountError) {
        let through = "/proc/self/fd/\(parent.number)/\(name)"
        for attempt in 1...Self.busyTries {
            if durable("unmount", path, { uninterrupted { umount2(through, HOLDFAST_UMOUNT_NOFOLLOW) } }) == 0 {
                return
            }
            // EINVAL: what is there is not mounted.
            if errno == EINVAL { throw .changed(path: path) }
            guard errno == EBUSY else { throw .onEntry("unmount", path, errno) }
            // A process that is being started holds copies of its parent's descriptors until it execs; such a moment is
            // no use of the mount.
            if attempt < Self.busyTries { usleep(Self.busyPause) }
        }
        throw .busy(path: path)
    }

    private static let busyTries = 20
    /// Microseconds.
    private static let busyPause: UInt32 = 20_000
}

/// The kernel's words in a filesystem context's log, without their severity letter: `e ext4: Unknown parameter 'x'`.
private func contextLog(_ context: borrowing Descriptor) -> String? {
    var lines: [String] = []
    var room = [UInt8](repeating: 0, count: 1_024)
    // Each read(2) gives one message; ENODATA ends them.
    while lines.count < 8 {
        let count = read(context.number, &room, room.count)
        guard count > 0 else { break }
        var text = String(decoding: room[..<count], as: UTF8.self)
        while text.last == "\n" { text.removeLast() }
        lines.append(text.dropFirst(2).isEmpty ? text : String(text.dropFirst(2)))
    }
    return lines.isEmpty ? nil : lines.joined(separator: "; ")
}
