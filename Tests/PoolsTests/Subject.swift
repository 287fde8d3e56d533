internal import Devices
internal import Glibc
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

/// One kind of pool, as the contract suite opens it. A new kind is a row here.
struct Subject: Sendable, CustomTestStringConvertible {
    let kind: String
    /// The settings of a pool whose things all lie in that folder.
    let options: @Sendable (_ folder: String) -> [String: String]
    /// Where the bytes of a volume lie on this host, so that a test can measure and damage them; relative to the folder.
    let image: @Sendable (VolumeID) -> String
    var testDescription: String { kind }

    static let all = [
        Subject(kind: "file", options: { ["path": $0] }, image: { "volumes/\($0).image" })
    ]

    func open(_ folder: String, name: String = "default", _ more: [String: String] = [:]) throws -> any Pool {
        let kind = try #require(PoolKinds.named(kind))
        return try kind.open(PoolSettings(name: name, options: options(folder).merging(more) { $1 }))
    }
}

/// A filesystem that a pool lies on.
struct Ground: Sendable, CustomTestStringConvertible {
    let name: String
    let size: String
    var testDescription: String { "a pool on \(name)" }

    static let all = [
        Ground(name: "ext4", size: "64M"), Ground(name: "xfs", size: "300M"), Ground(name: "btrfs", size: "150M"),
    ]

    /// Makes and mounts it at `pool` in the folder.
    func mount(in folder: TemporaryFolder, options: String = "rw") throws -> String {
        let disk = folder.at("disk")
        let point = folder.makeFolder("pool")
        try sh(
            "truncate -s \(size) '\(disk)' && mkfs.\(name) -q '\(disk)' && mount -o loop,\(options) '\(disk)' '\(point)'"
        )
        return point
    }
}

extension Pool {
    /// The record of a volume that is to be made.
    func newRecord(
        _ name: String, bytes: Int64 = 8 << 20, _ provisioning: Provisioning = .thin, incarnation: String = "first",
        claim: [String: String] = [:]
    ) -> VolumeRecord {
        VolumeRecord(
            id: VolumeID(pool: identity, name: name), name: name, pool: identity, incarnation: incarnation, size: bytes,
            access: .mount(filesystem: "ext4"), provisioning: provisioning, parameters: ["fsck": "force"], claim: claim,
            created: 1_700_000_000)
    }

    @discardableResult
    func make(_ name: String, bytes: Int64 = 8 << 20, _ provisioning: Provisioning = .thin) throws -> VolumeRecord {
        let record = newRecord(name, bytes: bytes, provisioning)
        try create(record)
        return record
    }
}

extension TemporaryFolder {
    /// Every entry beneath a subfolder with its content's checksum, for a comparison of before and after.
    func inventory(_ subfolder: String) throws -> String {
        try sh("cd '\(at(subfolder))' && find . -type f -exec sha256sum {} + | sort -k2; find . ! -type f | sort")
    }

    /// Fills the filesystem of a subfolder to the last byte.
    func fill(_ subfolder: String) throws {
        // Smaller and smaller pieces, until not one byte more goes in.
        _ = outcome(
            of: """
                cd '\(at(subfolder))'; for s in 4M 64k 4k 1k 1; do dd if=/dev/zero of=filler.$s bs=$s status=none; sync -f .; done
                """)
        let last = outcome(of: "cd '\(at(subfolder))' && head -c 65536 /dev/zero >filler.last && sync -f .")
        #expect(last.status != 0 && last.output.contains("No space left"), "the filesystem is full")
    }
}

/// The case of a pool's error, as a word.
func word(for error: (any Error)?) -> String {
    switch error as? PoolError {
    case .some(let error): "\(String(describing: Mirror(reflecting: error).children.first?.label ?? "\(error)"))"
    case .none: "\(String(describing: error))"
    }
}
