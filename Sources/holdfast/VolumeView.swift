internal import CSI
internal import JSON

/// A volume as the CLI shows it.
struct VolumeView {
    let volume: Volume
    let nodes: [String]?

    init(_ volume: Volume, nodes: [String]? = nil) {
        self.volume = volume
        self.nodes = nodes
    }

    private func context(_ key: String) -> String { volume.volumeContext["holdfast.dev/\(key)"] ?? "" }

    var name: String { context("name") }
    private var use: String { context("access") == "block" ? "block" : context("filesystem") }

    static let headings = ["VOLUME", "NAME", "SIZE", "USE", "PROVISIONING", "POOL"]
    var row: [String] {
        [volume.volumeID, oneLine(name), size(volume.capacityBytes), use, context("provisioning"), context("pool")]
    }

    var pairs: [(String, String)] {
        let topology = volume.accessibleTopology.flatMap { $0.segments.map { "\($0.key)=\($0.value)" } }.sorted()
        return [
            ("Volume", volume.volumeID), ("Name", oneLine(name)),
            ("Size", "\(size(volume.capacityBytes)) (\(volume.capacityBytes) bytes)"), ("Use", use),
            ("Provisioning", context("provisioning")), ("Pool", context("pool")),
            ("Incarnation", context("incarnation")), ("Reachable from", topology.joined(separator: ", ")),
            ("Attached to", nodes.map { $0.isEmpty ? "no node" : $0.joined(separator: ", ") } ?? "unknown"),
        ]
    }

    var json: JSON {
        var object: [String: JSON] = [
            "volume": .string(volume.volumeID), "name": .string(name), "bytes": .integer(volume.capacityBytes),
            "use": .string(use), "context": .object(volume.volumeContext.mapValues { .string($0) }),
            "topology": .array(
                volume.accessibleTopology.map { .object($0.segments.mapValues { .string($0) }) }),
        ]
        if let nodes { object["attachedTo"] = .array(nodes.map { .string($0) }) }
        return .object(object)
    }
}
