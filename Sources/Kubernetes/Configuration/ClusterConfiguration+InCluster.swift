public import Settings
internal import Syscalls

extension ClusterConfiguration {
    /// Where kubelet mounts a pod's token, the cluster's authorities and the pod's namespace.
    public static let serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The configuration of a pod: the folder of its service account and two environment variables.
    /// - Parameter environment: looks a variable up, `Environment.process` as a rule.
    public static func inCluster(
        folder: String = serviceAccountFolder, environment: (String) -> String?
    ) throws(SettingsError) -> ClusterConfiguration {
        func variable(_ name: String) throws(SettingsError) -> String {
            guard let value = environment(name), !value.isEmpty else {
                throw SettingsError(
                    file: "the environment", line: nil, keyPath: name, found: "no such variable",
                    expected: "what a pod has, or a kubeconfig file")
            }
            return value
        }
        let host = try variable("KUBERNETES_SERVICE_HOST")
        let port = try variable("KUBERNETES_SERVICE_PORT")
        guard let server = ServerAddress("https://\(host.contains(":") ? "[\(host)]" : host):\(port)") else {
            throw SettingsError(
                file: "the environment", line: nil, keyPath: "KUBERNETES_SERVICE_HOST and _PORT",
                found: "'\(oneLine(host))' and '\(oneLine(port))'", expected: "a host and a port")
        }
        let authorities = "\(folder)/ca.crt"
        try check(certificate: readSettingsFile(authorities), .authorities, file: authorities)
        _ = try TokenFile.read("\(folder)/token")
        let namespace = try readSettingsFile("\(folder)/namespace")
        let name = String(decoding: namespace, as: UTF8.self).filter { !$0.isWhitespace }
        return ClusterConfiguration(
            server: server, trust: .authorities(.file(authorities)),
            credential: Credential(token: .file("\(folder)/token"), certificate: nil),
            namespace: name.isEmpty ? nil : name)
    }
}

/// What a PEM document has to hold.
enum PEMKind: String {
    case authorities = "certificates of authorities in PEM"
    case chain = "a client certificate in PEM"
    case key = "a private key in PEM"

    func fits(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).contains { line in
            var line = line
            // As OpenSSL does.
            while line.last?.isWhitespace == true { line.removeLast() }
            return switch self {
            case .authorities, .chain: line.hasPrefix("-----BEGIN CERTIFICATE-----")
            case .key: line.hasPrefix("-----BEGIN ") && line.hasSuffix("PRIVATE KEY-----")
            }
        }
    }
}

extension ClusterConfiguration {
    static func check(certificate: [UInt8], _ kind: PEMKind, file: String) throws(SettingsError) {
        guard kind.fits(String(decoding: certificate, as: UTF8.self)) else {
            throw SettingsError(file: file, line: nil, keyPath: "", found: "something else", expected: kind.rawValue)
        }
    }

    static func readSettingsFile(_ path: String) throws(SettingsError) -> [UInt8] {
        do throws(SystemError) {
            return try Files.read(path, limit: 1 << 20)
        } catch {
            throw SettingsError(
                file: path, line: nil, keyPath: "", found: "'\(error)'", expected: "a file that can be read")
        }
    }
}
