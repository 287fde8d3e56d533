internal import CSI
internal import JSON
internal import Kubernetes

/// What the loops share: the API, what was seen of it, and the node.
struct Cluster: Sendable {
    let client: KubernetesClient
    let node: NodePort
    let identity: NodeIdentity
    let events: Telling
    let claims: Informer<PersistentVolumeClaim>
    let volumes: Informer<PersistentVolume>
    let classes: Informer<StorageClass>

    /// The index by which `volumes` finds one by its handle.
    static let handleIndex = "handle"

    /// The values of a secret for a call. A value that is no text cannot be sent.
    func secrets(_ key: ObjectKey?) async throws(SecretError) -> Secrets {
        guard let key else { return Secrets() }
        let secret: Secret
        do throws(KubernetesError) {
            secret = try await client.get(Secret.self, key)
        } catch {
            throw SecretError(description: "secret \(key) could not be read: \(error)", isMissing: error.isNotFound)
        }
        var values: [String: String] = [:]
        for (name, bytes) in secret.data {
            guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
                throw SecretError(description: "the value \(name) of secret \(key) is no UTF-8 text", isMissing: false)
            }
            values[name] = text
        }
        return Secrets(values)
    }

    func storageClass(_ name: String?) -> StorageClass? {
        name.flatMap { $0.isEmpty ? nil : classes.get(ObjectKey(name: $0)) }
    }
}

/// Why the values of a secret are not at hand.
struct SecretError: Error, CustomStringConvertible {
    let description: String
    let isMissing: Bool
}

/// How an object's turn in a loop ended.
enum Turn: Equatable {
    case done
    /// Once more, later each time.
    case retry
    /// Once more after so many seconds.
    case again(after: Double)
}
