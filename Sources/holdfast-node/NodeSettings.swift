internal import Diagnostics
internal import Plugin
internal import Pools
internal import RPC
internal import Settings

/// What the command line, the environment and the configuration file say, checked.
struct NodeSettings {
    let socket: String
    let nodeID: String
    let driverName: String
    let kubeletRoot: String
    /// nil for a node that does not register itself.
    let registration: RegistrationSettings?
    let maxVolumes: Int64
    let logLevel: LogLevel
    let logFormat: LogFormat
    let pools: [(kind: PoolKind, settings: PoolSettings)]

    static let command = Command(
        "holdfast-node", summary: "Serve a node's volumes over CSI on a unix socket",
        options: [
            .value("--endpoint", "unix:///PATH", help: "the socket to serve on", required: true, environment: true),
            .value(
                "--node-id", "ID", help: "the node's name, which is also its topology segment", required: true,
                environment: true),
            .value(
                "--pool-dir", "DIR", help: "a folder that is the one pool, of kind file, named default",
                environment: true),
            .value(
                "--config", "FILE", help: "a YAML file that lists the pools, instead of --pool-dir", environment: true),
            .value(
                "--driver-name", "NAME", help: "the CSI driver name", default: Plugin.driverName, environment: true),
            .value(
                "--kubelet-root", "DIR", help: "the folder that staging and target paths must lie in",
                default: "/var/lib/kubelet", environment: true),
            .value(
                "--kubelet-registration-dir", "DIR",
                help: "kubelet's folder plugins_registry, for a node that registers itself with kubelet; without it "
                    + "something else has to, such as node-driver-registrar",
                environment: true),
            .value(
                "--kubelet-csi-path", "PATH",
                help:
                    "the path by which kubelet finds the socket of --endpoint, where that is another one: on the host "
                    + "/var/lib/kubelet/plugins/NAME/csi.sock for a container's /csi/csi.sock; the path of --endpoint if "
                    + "it is not given",
                environment: true),
            .value(
                "--max-volumes", "N", help: "how many volumes the node takes; 0 is no limit", default: "0",
                environment: true),
            .value(
                "--log-level", "L", help: words(LogLevel.self), default: LogLevel.info.rawValue, environment: true),
            .value(
                "--log-format", "F", help: words(LogFormat.self), default: LogFormat.text.rawValue, environment: true),
            .flag("--version", help: "print the version and exit"),
        ])

    init(_ values: OptionValues) throws {
        socket = try values.socketPath(values.string("--endpoint"), "--endpoint")
        nodeID = values.string("--node-id")
        guard isSegment(nodeID) else {
            throw values.error(
                "--node-id",
                expected:
                    "1 to 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, as a topology label needs"
            )
        }
        driverName = values.string("--driver-name")
        guard isSegment(driverName), !driverName.contains("_") else {
            throw values.error("--driver-name", expected: "1 to 63 letters, digits, '-' and '.', as CSI has it")
        }
        kubeletRoot = values.string("--kubelet-root")
        guard kubeletRoot.hasPrefix("/") else { throw values.error("--kubelet-root", expected: "an absolute path") }
        registration = try RegistrationSettings(values, driver: driverName, endpoint: socket)
        maxVolumes = Int64(try values.integer("--max-volumes", in: 0...1_000_000))
        logLevel = try values.choice("--log-level", of: LogLevel.self)
        logFormat = try values.choice("--log-format", of: LogFormat.self)
        switch (values.optionalString("--pool-dir"), values.optionalString("--config")) {
        case (let folder?, nil):
            guard folder.hasPrefix("/") else { throw values.error("--pool-dir", expected: "an absolute path") }
            guard let file = PoolKinds.named("file") else { preconditionFailure("the kind 'file' is always there") }
            pools = [(file, PoolSettings(name: "default", options: ["path": folder]))]
        case (nil, let file?): pools = try Self.readPools(file)
        case (nil, nil): throw values.usageError("one of --pool-dir and --config is needed")
        case (_?, _?): throw values.usageError("--pool-dir and --config exclude each other")
        }
    }

    /// Reads the configuration:
    ///
    ///     pools:
    ///       - name: fast
    ///         kind: file
    ///         path: /var/lib/holdfast/fast
    ///         overcommit: 2
    private static func readPools(_ file: String) throws(SettingsError) -> [(kind: PoolKind, settings: PoolSettings)] {
        let top = try SettingsReader(path: file)
        var pools: [(kind: PoolKind, settings: PoolSettings)] = []
        for reader in try top.mappings("pools") {
            let name = try reader.string("name")
            if pools.contains(where: { $0.settings.name == name }) {
                throw reader.error("name", found: "the name '\(name)' a second time", expected: "a name for each pool")
            }
            let word = try reader.choice("kind", of: PoolKinds.all.map(\.name), default: "file")
            guard let kind = PoolKinds.named(word) else { preconditionFailure("a kind was chosen from the list") }
            var options: [String: String] = [:]
            for key in kind.keys {
                guard let value = try reader.optionalString(key.name) else { continue }
                if let expected = key.expectation(value) {
                    throw reader.error(key.name, found: "'\(value)'", expected: expected)
                }
                options[key.name] = value
            }
            for key in kind.keys where key.isRequired && options[key.name] == nil {
                throw reader.error(key.name, found: "no such key", expected: key.expected)
            }
            try reader.finish()
            pools.append((kind, PoolSettings(name: name, options: options)))
        }
        if pools.isEmpty { throw top.error("pools", found: "an empty list", expected: "at least one pool") }
        try top.finish()
        return pools
    }
}

/// How the node registers itself with kubelet.
struct RegistrationSettings {
    let socket: String
    /// The path of the CSI socket as kubelet sees it.
    let endpoint: String

    fileprivate init?(_ values: OptionValues, driver: String, endpoint: String) throws {
        let seen = try values.optionalString("--kubelet-csi-path").map {
            try values.socketPath($0, "--kubelet-csi-path")
        }
        guard let folder = values.optionalString("--kubelet-registration-dir") else {
            if seen != nil {
                throw values.usageError("--kubelet-csi-path is of use with --kubelet-registration-dir alone")
            }
            return nil
        }
        let path = (folder.hasSuffix("/") ? folder : folder + "/") + "\(driver)-reg.sock"
        socket = try values.socketPath(path, "--kubelet-registration-dir")
        self.endpoint = seen ?? endpoint
    }
}

extension OptionValues {
    /// A socket's path, if the text of that option is one.
    fileprivate func socketPath(_ text: String, _ option: String) throws(UsageError) -> String {
        do throws(EndpointError) { return try Endpoint.path(text) } catch { throw usageError("\(option): \(error)") }
    }
}

private func words<Word: CaseIterable & RawRepresentable<String>>(_: Word.Type) -> String {
    "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))"
}

/// Whether a text can be the value of a topology segment and of a label: 63 characters, letters and digits at its ends.
private func isSegment(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
    guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
        && bytes.allSatisfy { isAlphanumeric($0) || [45, 46, 95].contains($0) }
}
