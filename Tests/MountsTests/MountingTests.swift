internal import Devices
internal import Glibc
internal import Mounts
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("HostPath: mounting a filesystem", .enabled(if: isRoot, "needs root: it attaches loop devices and mounts"))
struct MountingTests {
    let place: MountFolder

    init() throws { place = try MountFolder() }

    @Test("mounts, is seen with its device, and is unmounted", arguments: ["ext4", "xfs", "btrfs"])
    func mount(_ type: String) throws {
        let device = try place.attach(type)
        let path = try place.locate("x")
        try path.makeDirectory()
        try path.mountFilesystem(type, device: device.path, options: .none)
        guard case .filesystem(let mount, let number) = try path.occupant() else {
            Issue.record("not mounted")
            return
        }
        #expect(number == device.number, "for btrfs it is found by its source")
        #expect(mount.filesystem == type)
        #expect(mount.root == "/")
        #expect(mount.point == path.path)
        #expect(mount.source == nil || mount.source == device.path)
        #expect(!mount.isReadOnly)
        #expect(place.refusesWriting("root/x/file") == nil)
        try path.unmount()
        #expect(place.mounts(at: "x") == 0)
        #expect(try path.occupant().word == "directory")
        #expect(!place.folder.exists("root/x/file"))
    }

    @Test("options arrive: those of the mount and those of the filesystem")
    func options() throws {
        let device = try place.attach()
        let path = try place.locate("x")
        try path.makeDirectory()
        let options = try MountOptions(["nosuid", "nodev", "noexec", "noatime", "commit=7", "nobarrier"])
        try path.mountFilesystem("ext4", device: device.path, options: options)
        let line = try #require(
            try sh("cat /proc/self/mountinfo").split(separator: "\n").first { $0.contains(" \(path.path) ") })
        for word in ["nosuid", "nodev", "noexec", "noatime", "commit=7", "nobarrier"] {
            #expect(line.contains(word), "\(word) in \(line)")
        }
    }

    @Test("read-only refuses writing, and is seen as such", arguments: ["ext4", "xfs", "btrfs"])
    func readOnly(_ type: String) throws {
        let device = try place.attach(type)
        let path = try place.locate("x")
        try path.makeDirectory()
        try path.mountFilesystem(type, device: device.path, options: .readOnly)
        #expect(place.refusesWriting("root/x/file") == EROFS)
        guard case .filesystem(let mount, _) = try path.occupant() else {
            Issue.record("not mounted")
            return
        }
        #expect(mount.isReadOnly)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let label: String
        var type = "ext4"
        var options: [String] = []
        let words: [String]
        var testDescription: String { label }
    }

    @Test(
        "the kernel's own words are in the error",
        arguments: [
            Refusal(label: "an unknown option", options: ["holdfast"], words: ["holdfast", "nknown parameter"]),
            Refusal(
                label: "an unknown option with a value", options: ["holdfast=1"],
                words: ["holdfast=1", "nknown parameter"]),
            Refusal(label: "a value that is no number", options: ["commit=soon"], words: ["commit=soon"]),
            Refusal(label: "another filesystem than the one that is there", type: "xfs", words: ["xfs", "(EINVAL)"]),
            Refusal(
                label: "a filesystem that the kernel does not know", type: "holdfastfs",
                words: ["holdfastfs", "(ENODEV)"]),
        ])
    func refused(_ row: Refusal) throws {
        let device = try place.attach()
        let path = try place.locate("x")
        try path.makeDirectory()
        do throws(MountError) {
            try path.mountFilesystem(row.type, device: device.path, options: try MountOptions(row.options))
            Issue.record("it was mounted")
        } catch {
            for word in row.words { #expect("\(error)".contains(word), "\(error)") }
            #expect(!"\(error)".contains("\n"))
        }
        #expect(place.mounts(at: "x") == 0)
    }

    @Test("a target that is missing or no directory is an error, and nothing is mounted")
    func badTarget() throws {
        let device = try place.attach()
        place.folder.write("root/file", "")
        for name in ["gone", "file"] {
            #expect(throws: MountError.self) {
                try place.locate(name).mountFilesystem("ext4", device: device.path, options: .none)
            }
        }
        #expect(place.folder.mountPoints.isEmpty)
    }

    @Test("a symlink that was swapped in at the target is not followed, by a mount nor by a bind nor by an unmount")
    func swappedTarget() throws {
        let device = try place.attach()
        let victim = place.folder.at("outside/victim")
        let source = try place.locate("source")
        try source.makeDirectory()
        let path = try place.locate("x")
        symlink(victim, path.path)
        #expect(throws: MountError.self) { try path.mountFilesystem("ext4", device: device.path, options: .none) }
        #expect(throws: MountError.self) { try path.bind(from: source, options: .none) }
        #expect(place.folder.mountPoints.isEmpty)
        try sh("mount -t tmpfs holdfast '\(victim)'")
        #expect(throws: MountError.self) { try path.unmount() }
        #expect(throws: MountError.self) { try path.remove() }
        #expect(place.mountsOutside == [victim])
    }

    @Test("a device node is not bound through a symlink")
    func swappedFile() throws {
        let device = try place.attach()
        let path = try place.locate("x")
        symlink(place.folder.at("outside/victim/file"), path.path)
        _ = try? path.bind(device: device.path, options: .none)
        #expect(place.mountsOutside.isEmpty)
        #expect(place.folder.read("outside/victim/file") == Array("x".utf8))
    }

    @Test("a folder above that is swapped for a symlink changes nothing")
    func swappedParent() throws {
        let device = try place.attach()
        _ = place.folder.makeFolder("root/pods")
        let path = try place.locate("pods/victim")
        try path.makeDirectory()
        rename(place.folder.at("root/pods"), place.folder.at("root/moved"))
        symlink(place.folder.at("outside"), place.folder.at("root/pods"))
        try path.mountFilesystem("ext4", device: device.path, options: .none)
        #expect(place.mountsOutside.isEmpty)
        #expect(place.mounts(at: "moved/victim") == 1)
        try path.unmount()
        #expect(place.mounts(at: "moved/victim") == 0)
    }
}
