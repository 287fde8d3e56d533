internal import CSI

/// What a client has been told that there is, and what it has flushed.
struct PowerWorld: Sendable {
    struct Member: Sendable {
        let volume: TestVolume
        let kind: VolumeKind
        /// Bytes; more than one where a growth was given up that may have happened.
        var sizes: Set<Int64>
        /// The sample that each file holds for sure.
        var files: [String: Int] = [:]
        /// The same of files that nobody flushed: a power cut may take them.
        var loose: [String: Int] = [:]
        var readAheadKiB: Int?
        /// By ControllerPublishVolume; nil where a call to that end was given up.
        var isAttached: Bool? = false

        init(
            _ volume: TestVolume, _ kind: VolumeKind, files: [String: Int] = [:], loose: [String: Int] = [:]
        ) {
            (self.volume, self.kind, self.files, self.loose) = (volume, kind, files, loose)
            sizes = [volume.size]
        }
    }

    struct Kept: Sendable {
        let snapshot: Snapshot
        let kind: VolumeKind
        let files: [String: Int]
        let loose: [String: Int]

        init(_ snapshot: Snapshot, of member: Member) {
            (self.snapshot, kind, files, loose) = (snapshot, member.kind, member.files, member.loose)
        }
    }

    struct Group: Sendable {
        let group: VolumeGroupSnapshot
        let members: [Kept]
    }

    var volumes: [String: Member] = [:]
    var snapshots: [String: Kept] = [:]
    var groups: [String: Group] = [:]

    /// All snapshots, those of groups included, each with a name of its own.
    var allSnapshots: [(name: String, kept: Kept)] {
        snapshots.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
            + groups.sorted { $0.key < $1.key }.flatMap { name, group in
                group.members.enumerated().map { ("\(name)-\($0.offset)", $0.element) }
            }
    }

    func volume(_ name: String) throws -> Member {
        guard let member = volumes[name] else { throw Unknown(name: name) }
        return member
    }

    struct Unknown: Error { let name: String }
}

/// What is written: blocks that tell which sample they belong to.
enum Sample {
    /// Bytes of a sample.
    static let length = 65_536

    static func bytes(_ seed: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        for block in 0..<length / 4_096 {
            let head = Array("sample \(seed) block \(block)\n".utf8)
            bytes += head
            bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: seed &* 37 &+ block), count: 4_096 - head.count)
        }
        return bytes
    }
}
