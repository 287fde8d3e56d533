/// VolumeSnapshotClass parameters, understood.
public struct SnapshotParameters: Sendable, Equatable {
    /// Milliseconds that the writers of a published volume may be held while it is copied, where its pool cannot share
    /// blocks; nil lets no such snapshot be taken.
    public let maxFreeze: Int?

    /// Longest `maxFreeze` in milliseconds: a minute without writing is an outage.
    static let freezeLimit = 60_000

    private static let describesSnapshot = [
        "csi.storage.k8s.io/volumesnapshot", "csi.storage.k8s.io/volumegroupsnapshot",
    ]
    private static let known = ["maxFreeze"]

    public init(_ parameters: [String: String]) throws(VolumeError) {
        // What external-snapshotter adds with `--extra-create-metadata`.
        for key in parameters.keys.sorted()
        where !Self.describesSnapshot.contains(where: key.hasPrefix) && !Self.known.contains(key) {
            throw .invalid("the parameter '\(key)' is unknown; known are \(Self.known.joined(separator: ", "))")
        }
        guard let text = parameters["maxFreeze"] else {
            maxFreeze = nil
            return
        }
        guard let milliseconds = Self.milliseconds(text), (1...Self.freezeLimit).contains(milliseconds) else {
            throw .invalid("the parameter 'maxFreeze' is '\(text)'; expected a time such as 500ms or 5s, at most 60s")
        }
        maxFreeze = milliseconds
    }

    private static func milliseconds(_ text: String) -> Int? {
        for (unit, factor) in [("ms", 1), ("s", 1_000)] where text.hasSuffix(unit) {
            let digits = text.dropLast(unit.count)
            guard !digits.isEmpty, digits.utf8.count <= 6, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
                return nil
            }
            return Int(digits).map { $0 * factor }
        }
        return nil
    }
}
