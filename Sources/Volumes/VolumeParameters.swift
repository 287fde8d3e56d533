public import Filesystems
public import Pools

/// StorageClass parameters, understood. The values are checked here once; the record keeps them as they came.
public struct VolumeParameters: Sendable, Equatable {
    public let pool: String?
    public let filesystem: String?
    public let provisioning: Provisioning
    public let singleWriter: WriterScope
    public let fsck: CheckMode
    /// Options for the format tool, as they were written.
    public let mkfsOptions: String?
    /// The parameters without those that only describe the claim.
    public let given: [String: String]
    /// What external-provisioner adds with `--extra-create-metadata`.
    public let claim: [String: String]

    /// The keys that a StorageClass may have, with what each may say.
    public static let known: [(key: String, values: String)] = [
        ("pool", "the name of a pool"),
        ("csi.storage.k8s.io/fstype", Filesystems.names),
        ("provisioning", choices(Provisioning.self)),
        ("singleWriter", choices(WriterScope.self)),
        ("fsck", choices(CheckMode.self)),
        ("mkfsOptions", "options of the filesystem's format tool, of those that are allowed"),
        ("wipe", "none"),
        ("encryption", "none"),
    ]

    /// What the sidecars add of the claim (`--extra-create-metadata`, `--extra-modify-metadata`).
    static let describesClaim: Set<String> = [
        "csi.storage.k8s.io/pvc/name", "csi.storage.k8s.io/pvc/namespace", "csi.storage.k8s.io/pv/name",
    ]

    public init(_ parameters: [String: String]) throws(VolumeError) {
        claim = parameters.filter { Self.describesClaim.contains($0.key) }
        given = parameters.filter { !Self.describesClaim.contains($0.key) }
        for key in given.keys.sorted() where !Self.known.contains(where: { $0.key == key }) {
            throw .invalid(
                "the parameter '\(key)' is unknown; known are \(Self.known.map(\.key).joined(separator: ", "))")
        }
        pool = given["pool"]
        filesystem = given["csi.storage.k8s.io/fstype"]
        if let filesystem, Filesystems.named(filesystem) == nil {
            throw Self.bad("csi.storage.k8s.io/fstype", filesystem, Filesystems.names)
        }
        provisioning = try Self.choice("provisioning", in: given) ?? .thin
        singleWriter = try Self.choice("singleWriter", in: given) ?? .pod
        fsck = try Self.choice("fsck", in: given) ?? .auto
        mkfsOptions = given["mkfsOptions"]
        for key in ["wipe", "encryption"] {
            if let value = given[key], value != "none" { throw Self.bad(key, value, "none") }
        }
    }

    /// The options for the format tool of a filesystem, if all of them are allowed.
    func formatOptions(for filesystem: any Filesystem) throws(VolumeError) -> FormatOptions {
        guard let mkfsOptions else { return .none }
        return try tooling(filesystem.formatOptions(mkfsOptions))
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, in parameters: [String: String]
    ) throws(VolumeError) -> Choice? {
        guard let text = parameters[key] else { return nil }
        guard let choice = Choice(rawValue: text) else { throw bad(key, text, choices(Choice.self)) }
        return choice
    }

    private static func bad(_ key: String, _ value: String, _ expected: String) -> VolumeError {
        .invalid("the parameter '\(key)' is '\(value)'; expected \(expected)")
    }
}

private func choices<Choice: RawRepresentable<String> & CaseIterable>(_: Choice.Type) -> String {
    Choice.allCases.map(\.rawValue).joined(separator: ", ")
}
