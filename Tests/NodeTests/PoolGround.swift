internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// A filesystem that a pool of a test's own lies on: one that shares blocks between files, or one that does not.
enum PoolGround: String, CaseIterable, CustomTestStringConvertible {
    case ext4, xfs, btrfs

    var testDescription: String { "a pool on \(rawValue)" }

    /// Those on which a snapshot takes a moment.
    static let sharing: [PoolGround] = [.xfs, .btrfs]

    /// Mounts one of `size` bytes at a folder, which is made. It goes away with the test's folder.
    @discardableResult
    func mount(in folder: TemporaryFolder, at name: String = "pool", size: Int64 = 4 << 30) async throws -> String {
        let point = folder.makeFolder(name)
        let disk = folder.makeImage("\(rawValue).disk", bytes: size)
        // What mkfs leaves for later would write behind the test's back; without it less is written at all.
        switch self {
        case .ext4:
            try await run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,nodiscard", "-N", "4096", disk)
        case .xfs, .btrfs: try await run("mkfs.\(rawValue)", "-q", disk)
        }
        try await run("mount", "-o", "loop", disk, point)
        return point
    }
}

/// Runs a test on a node whose pool lies on a filesystem of its own.
func withNode(
    on ground: PoolGround, size: Int64 = 4 << 30, location: SourceLocation = #_sourceLocation,
    _ body: (NodeUnderTest) async throws -> Void
) async throws {
    let folder = TemporaryFolder("node")
    let pool = try await ground.mount(in: folder, size: size)
    try await withNode(in: folder, pool: pool, location: location, body)
}

/// Runs a test on a node with two pools, `one` and `two`, of which `one` is the standard. Nothing may be left in either.
func withNode(
    on one: PoolGround, and two: PoolGround, location: SourceLocation = #_sourceLocation,
    _ body: (NodeUnderTest) async throws -> Void
) async throws {
    let folder = TemporaryFolder("node")
    _ = folder.makeFolder("pool")
    try await one.mount(in: folder, at: "pool/one")
    try await two.mount(in: folder, at: "pool/two")
    let configuration = ["one", "two"].map { "  - name: \($0)\n    path: \(folder.at("pool/\($0)"))\n" }.joined()
    try await withNode(
        in: folder, pool: folder.at("pool"), configuration: "pools:\n\(configuration)", location: location
    ) { node in
        try await body(node)
        await node.undoEverything(location)
        for name in ["one", "two"] {
            #expect(node.poolFiles(in: name) == [], "files are left in pool \(name)", sourceLocation: location)
        }
    }
}

extension NodeUnderTest {
    /// The files of the pool in that folder of the pools' folder.
    func poolFiles(in name: String) -> [String] {
        ["volumes", "snapshots", "groups"].flatMap { names(in: "\(pool)/\(name)/\($0)") }
    }

    func image(of snapshot: Snapshot) -> String { "\(pool)/snapshots/\(snapshot.snapshotID).image" }
    func record(of snapshot: Snapshot) -> String { "\(pool)/snapshots/\(snapshot.snapshotID).record" }

    /// Creates, stages and publishes a volume as `NAME.staging` and `NAME`.
    func createInUse(
        _ name: String, _ capability: VolumeCapability = .mount(), size: Int64 = 32 * mebibyte,
        parameters: [String: String] = [:]
    ) async throws(RPCStatus) -> TestVolume {
        let volume = try await create(name, capability, size: size, parameters: parameters)
        try await use(volume, as: name)
        return volume
    }
}

/// What a volume of a snapshot's tests is.
struct VolumeKind: Sendable, CustomTestStringConvertible {
    let name: String
    let capability: VolumeCapability
    /// About the least that it can have, in bytes.
    let size: Int64

    var testDescription: String { name }
    var isBlock: Bool { name == "block" }

    static let ext4 = VolumeKind(name: "ext4", capability: .mount("ext4"), size: 32 * mebibyte)
    static let xfs = VolumeKind(name: "xfs", capability: .mount("xfs"), size: 300 * mebibyte)
    static let btrfs = VolumeKind(name: "btrfs", capability: .mount("btrfs"), size: 128 * mebibyte)
    static let block = VolumeKind(name: "block", capability: .block(), size: 16 * mebibyte)

    static let filesystems = [ext4, xfs, btrfs]
    static let all = filesystems + [block]

    /// The file that a test writes in a volume that is published there: the device itself when it is raw.
    func file(_ target: String, _ name: String = "file") -> String { isBlock ? target : "\(target)/\(name)" }
}

/// Whether a filesystem is frozen, asked for by one who would otherwise wait for ever: the kernel's EBUSY.
func isFrozen(_ mountPoint: String) async throws -> Bool {
    if try await attempt("fsfreeze", "--freeze", mountPoint).status != 0 { return true }
    try await run("fsfreeze", "--unfreeze", mountPoint)
    return false
}
