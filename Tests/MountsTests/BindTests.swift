internal import Devices
internal import Glibc
internal import Mounts
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("HostPath: bind and unmount", .enabled(if: isRoot, "needs root: it attaches loop devices and mounts"))
struct BindTests {
    let place: MountFolder

    init() throws { place = try MountFolder() }

    /// Mounts a fresh ext4 at `stage` and makes the directory `target`.
    private func stage() throws -> BlockDevice {
        let device = try place.attach()
        let path = try place.locate("stage")
        try path.makeDirectory()
        try path.mountFilesystem("ext4", device: device.path, options: .none)
        try place.locate("target").makeDirectory()
        return device
    }

    @Test("shows what is mounted at the source, with its device")
    func bind() throws {
        let device = try stage()
        try place.locate("target").bind(from: try place.locate("stage"), options: .none)
        place.folder.write("root/stage/file", "words")
        #expect(place.folder.read("root/target/file") == Array("words".utf8))
        #expect(place.refusesWriting("root/target/other") == nil)
        guard case .filesystem(let mount, device.number) = try place.locate("target").occupant() else {
            Issue.record("not seen")
            return
        }
        #expect(mount.filesystem == "ext4" && !mount.isReadOnly)
    }

    @Test("a read-only bind refuses writing, and its source does not")
    func readOnly() throws {
        _ = try stage()
        try place.locate("target").bind(from: try place.locate("stage"), options: .readOnly)
        place.folder.write("root/stage/file", "words")
        #expect(place.refusesWriting("root/target/file") == EROFS)
        #expect(place.refusesWriting("root/target/new") == EROFS)
        #expect(mkdir(place.folder.at("root/target/d"), 0o700) == -1 && errno == EROFS)
        #expect(unlink(place.folder.at("root/target/file")) == -1 && errno == EROFS)
        #expect(place.refusesWriting("root/stage/new") == nil)
        guard case .filesystem(let mount, _) = try place.locate("target").occupant() else {
            Issue.record("not seen")
            return
        }
        #expect(mount.isReadOnly)
    }

    @Test("mount options hold for the bind alone")
    func options() throws {
        _ = try stage()
        let options = try MountOptions(["nosuid", "nodev", "noexec", "noatime", "discard"])
        try place.locate("target").bind(from: try place.locate("stage"), options: options)
        let lines = try sh("cat /proc/self/mountinfo").split(separator: "\n")
        let target = try #require(lines.first(where: { $0.contains(" \(place.root.path)/target ") }))
        let source = try #require(lines.first(where: { $0.contains(" \(place.root.path)/stage ") }))
        for word in ["nosuid", "nodev", "noexec", "noatime"] {
            #expect(target.contains(word), "\(target)")
            #expect(!source.contains(word), "\(source)")
        }
    }

    @Test("mounts beneath the source are not taken along")
    func notRecursive() throws {
        _ = try stage()
        let below = place.folder.makeFolder("root/stage/below")
        try sh("mount -t tmpfs holdfast '\(below)' && touch '\(below)/inside'")
        try place.locate("target").bind(from: try place.locate("stage"), options: .none)
        #expect(place.folder.exists("root/target/below"))
        #expect(!place.folder.exists("root/target/below/inside"))
    }

    @Test("a source that is a symlink is not followed")
    func symlinkSource() throws {
        _ = try stage()
        symlink(place.folder.at("outside/victim"), place.folder.at("root/link"))
        #expect(throws: MountError.self) {
            try place.locate("target").bind(from: try place.locate("link"), options: .none)
        }
        #expect(place.mounts(at: "target") == 0)
    }

    @Test("a device node is bound on a file, and is that device", arguments: [false, true])
    func deviceNode(_ isReadOnly: Bool) throws {
        let device = try place.attach()
        let path = try place.locate("block")
        try path.makeFile()
        try path.bind(device: device.path, options: isReadOnly ? .readOnly : .none)
        guard case .deviceNode(let mount, device.number) = try path.occupant() else {
            Issue.record("not seen as a device node")
            return
        }
        #expect(mount.isReadOnly == isReadOnly)
        let bound = try BlockDevice.open(path.path, readOnly: true)
        #expect(bound.number == device.number && bound.size == device.size)
        #expect(throws: MountError.self) { try path.remove() }
        _ = consume bound
        try path.unmount()
        #expect(try path.occupant().word == "file of 0")
        try path.remove()
        #expect(!place.folder.exists("root/block"))
    }

    @Test("a file cannot be bound over by a folder, nor the other way round")
    func mixed() throws {
        let device = try stage()
        let file = try place.locate("file")
        try file.makeFile()
        #expect(throws: MountError.self) { try file.bind(from: try place.locate("stage"), options: .none) }
        #expect(throws: MountError.self) { try place.locate("target").bind(device: device.path, options: .none) }
        #expect(place.mounts(at: "file") == 0 && place.mounts(at: "target") == 0)
    }

    @Test("unmount undoes the topmost mount alone")
    func topmost() throws {
        _ = try stage()
        let path = try place.locate("target")
        for source in ["lower", "middle"] { try sh("mount -t tmpfs \(source) '\(path.path)'") }
        try path.bind(from: try place.locate("stage"), options: .none)
        var seen: [String] = []
        for count in [3, 2, 1] {
            #expect(place.mounts(at: "target") == count)
            if case .filesystem(let mount, _) = try path.occupant() { seen.append(mount.source ?? mount.filesystem) }
            try path.unmount()
        }
        #expect(Array(seen.dropFirst()) == ["middle", "lower"] || Array(seen.dropFirst()) == ["tmpfs", "tmpfs"])
        #expect(try path.occupant().word == "directory")
        #expect(place.mounts(at: "stage") == 1)
    }

    @Test("a mount that is in use stays, and says so", arguments: ["an open file", "a mount beneath"])
    func busy(_ use: String) throws {
        _ = try stage()
        let path = try place.locate("stage")
        var opened: CInt = -1
        if use == "an open file" {
            opened = open(place.folder.at("root/stage/file"), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        } else {
            try sh("mount -t tmpfs holdfast '\(place.folder.makeFolder("root/stage/below"))'")
        }
        let error = #expect(throws: MountError.self) { try path.unmount() }
        guard case .busy(path.path)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(place.mounts(at: "stage") == 1)
        if opened >= 0 {
            close(opened)
            try path.unmount()
            #expect(place.mounts(at: "stage") == 0)
        }
    }

    @Test("what is not mounted cannot be unmounted", arguments: ["directory", "gone"])
    func notMounted(_ name: String) throws {
        _ = place.folder.makeFolder("root/directory")
        #expect(throws: MountError.self) { try place.locate(name).unmount() }
    }

    @Test("a root behind a symlink finds its mounts as the kernel names them")
    func realPath() throws {
        symlink(place.root.path, place.folder.at("link"))
        let root = try HostRoot(place.folder.at("link"))
        let point = place.folder.makeFolder("root/point")
        try sh("mount -t tmpfs holdfast '\(point)'")
        switch try root.locate(mountPoint: point) {
        case .some(let path):
            #expect(path.path == "\(place.folder.path)/link/point")
            try path.unmount()
        case .none: Issue.record("not found")
        }
        #expect(place.mounts(at: "point") == 0)
        switch try root.locate(mountPoint: place.folder.at("outside/victim")) {
        case .some: Issue.record("it lies outside")
        case .none: break
        }
    }
}
