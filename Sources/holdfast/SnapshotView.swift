internal import CSI
internal import Glibc
internal import JSON

/// A snapshot as the CLI shows it.
struct SnapshotView {
    let snapshot: Snapshot

    static let headings = ["SNAPSHOT", "VOLUME", "SIZE", "TAKEN", "GROUP"]
    var row: [String] {
        [
            snapshot.snapshotID, snapshot.sourceVolumeID, size(snapshot.sizeBytes), time,
            snapshot.groupSnapshotID.isEmpty ? "-" : snapshot.groupSnapshotID,
        ]
    }

    var json: JSON {
        var object: [String: JSON] = [
            "snapshot": .string(snapshot.snapshotID), "volume": .string(snapshot.sourceVolumeID),
            "bytes": .integer(snapshot.sizeBytes), "taken": .string(time), "ready": .bool(snapshot.readyToUse),
        ]
        if !snapshot.groupSnapshotID.isEmpty { object["group"] = .string(snapshot.groupSnapshotID) }
        return .object(object)
    }

    /// RFC 3339, in UTC.
    private var time: String {
        var seconds = time_t(snapshot.creationTime?.seconds ?? 0)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        var room = [CChar](repeating: 0, count: 32)
        strftime(&room, room.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return room.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}
