internal import Kubernetes

/// A mistake in a StorageClass or a claim that keeps a volume from being made, in a sentence for whoever wrote it.
struct OrderError: Error, Equatable, CustomStringConvertible {
    let description: String
    /// Whether the same order may become possible without a change of the claim, such as when a snapshot becomes ready.
    let mayPass: Bool
    /// Whether it may be possible on another node.
    let isElsewhere: Bool

    init(_ description: String, mayPass: Bool = false, isElsewhere: Bool = false) {
        self.description = description
        self.mayPass = mayPass
        self.isElsewhere = isElsewhere
    }
}

/// Finds the secrets that a StorageClass names.
///
/// Names and namespaces are templates: `${pv.name}` and `${pvc.namespace}` in both, `${pvc.name}` and
/// `${pvc.annotations['KEY']}` in names alone, because a claim's owner writes those and must not choose the namespace
/// (<https://kubernetes-csi.github.io/docs/secrets-and-credentials-storage-class.html>).
struct SecretTemplates {
    let parameters: [String: String]
    let volume: String
    let claim: PersistentVolumeClaim

    /// Nil when the class names none for that purpose and no default.
    func reference(_ purpose: SecretPurpose) throws(OrderError) -> ObjectKey? {
        if let reference = try reference(word: purpose.word) { return reference }
        return try reference(word: "default")
    }

    private func reference(word: String) throws(OrderError) -> ObjectKey? {
        let keys = (
            name: "csi.storage.k8s.io/\(word)-secret-name", namespace: "csi.storage.k8s.io/\(word)-secret-namespace"
        )
        switch (parameters[keys.name], parameters[keys.namespace]) {
        case (nil, nil): return nil
        case (let name?, let namespace?):
            guard !name.isEmpty, !namespace.isEmpty else {
                throw OrderError("parameters \(keys.name) and \(keys.namespace) must not be empty; correct the class")
            }
            return try resolve(name, namespace, keys)
        case (nil, _?): throw OrderError("parameter \(keys.namespace) stands without \(keys.name); correct the class")
        case (_?, nil): throw OrderError("parameter \(keys.name) stands without \(keys.namespace); correct the class")
        }
    }

    private func resolve(
        _ name: String, _ namespace: String, _ keys: (name: String, namespace: String)
    ) throws(OrderError) -> ObjectKey {
        let common = ["pv.name": volume, "pvc.namespace": claim.namespace ?? ""]
        let space = try expand(namespace, common, keys.namespace)
        guard isLabel(space) else {
            throw OrderError("parameter \(keys.namespace) comes to \"\(space)\", which is no name of a namespace")
        }
        var tokens = common
        tokens["pvc.name"] = claim.name
        for (key, value) in claim.annotations { tokens["pvc.annotations['\(key)']"] = value }
        let resolved = try expand(name, tokens, keys.name)
        guard isSubdomain(resolved) else {
            throw OrderError("parameter \(keys.name) comes to \"\(resolved)\", which is no name of a secret")
        }
        return ObjectKey(namespace: space, name: resolved)
    }

    /// Puts values in the place of `${…}`.
    private func expand(
        _ template: String, _ tokens: [String: String], _ parameter: String
    ) throws(OrderError) -> String {
        var text = ""
        var rest = template[...]
        while let dollar = rest.firstIndex(of: "$") {
            text += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            guard rest.first == "{" else {
                text += "$"
                continue
            }
            guard let end = rest.firstIndex(of: "}") else {
                throw OrderError("parameter \(parameter) has \"${\" without \"}\"; correct the class")
            }
            let token = String(rest[..<end].dropFirst())
            guard let value = tokens[token] else {
                throw OrderError("parameter \(parameter) asks for ${\(token)}, which there is not")
            }
            text += value
            rest = rest[rest.index(after: end)...]
        }
        return text + rest
    }
}

/// A label of RFC 1123: at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends.
func isLabel(_ text: some StringProtocol) -> Bool {
    let bytes = Array(text.utf8)
    func isAlphanumeric(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...122).contains(byte) }
    guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy { isAlphanumeric($0) || $0 == 45 }
}

/// A subdomain of RFC 1123: labels with dots between them, at most 253 bytes.
func isSubdomain(_ text: String) -> Bool {
    text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel($0) }
}
