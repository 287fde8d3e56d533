internal import Devices
internal import Glibc
internal import Mounts
internal import Syscalls
internal import TestSupport

/// A root with mount points, an image with a filesystem, and a folder outside of the root.
struct MountFolder {
    let folder: TemporaryFolder
    let root: HostRoot

    init() throws {
        folder = TemporaryFolder("mounts")
        root = try HostRoot(folder.makeFolder("root"))
        _ = folder.makeFolder("outside")
        _ = folder.makeFolder("outside/victim")
        folder.write("outside/victim/file", "x")
    }

    /// Locates a name in the root.
    func locate(_ name: String) throws(MountError) -> HostPath { try root.locate("\(root.path)/\(name)") }

    /// Makes an image with a filesystem and attaches it.
    func attach(_ type: String = "ext4", image: String = "image") throws -> BlockDevice {
        let sizes = ["ext4": 8 << 20, "xfs": 300 << 20, "btrfs": 120 << 20] as [String: Int64]
        folder.makeImage(image, bytes: sizes[type]!)
        try sh("mkfs.\(type) -q \(type == "ext4" ? "-F" : "-f") '\(folder.at(image))'")
        let file = try Files.open(folder.at(image), O_RDWR)
        return try LoopDevice.attach(file, label: "holdfast-test", discards: true).device()
    }

    /// How many mounts lie on top of each other at a name in the root.
    func mounts(at name: String) -> Int { folder.mountPoints.count { $0 == "\(root.path)/\(name)" } }

    /// Mount points that are not in the root.
    var mountsOutside: [String] { folder.mountPoints.filter { !$0.hasPrefix("\(root.path)/") } }

    /// The error number of a failed open for writing; nil when it succeeded.
    func refusesWriting(_ name: String) -> CInt? {
        let file = open(folder.at(name), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if file < 0 { return errno }
        close(file)
        return nil
    }
}

extension MountOptions {
    static var none: MountOptions { get throws(MountError) { try MountOptions([]) } }
    static var readOnly: MountOptions { get throws(MountError) { try MountOptions(["ro"]) } }
}

extension Occupant {
    /// The case's name, for a comparison.
    var word: String {
        switch self {
        case .nothing: "nothing"
        case .directory: "directory"
        case .file(let size): "file of \(size)"
        case .filesystem(let mount, _): "filesystem \(mount.filesystem)"
        case .deviceNode: "device node"
        case .other(let what): what
        }
    }
}
