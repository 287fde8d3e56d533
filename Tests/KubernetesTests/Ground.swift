import APIDouble
import Glibc
import Kubernetes
import Syscalls
import TestSupport
import Testing

/// Which server a test asks: the double always, and a real one where `HOLDFAST_TEST_KUBECONFIG` names its file.
enum APIServer: CaseIterable, CustomTestStringConvertible {
    case double, real

    static var allCases: [APIServer] { realKubeconfig == nil ? [.double] : [.double, .real] }

    var testDescription: String { self == .double ? "double" : "real server" }
}

/// The kubeconfig of a real server; nil when there is none.
let realKubeconfig = getenv("HOLDFAST_TEST_KUBECONFIG").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

/// A server, and names on it that no other test uses.
final class APIGround: Sendable {
    let kubeconfig: String
    let double: APIDouble?
    /// In the namespace `default`, which every cluster has.
    let namespace = "default"
    /// What the names of a test's objects begin with.
    let prefix = "t-\(randomBytes(5).hexadecimal)"

    init(_ server: APIServer, _ options: APIDoubleOptions = APIDoubleOptions()) async throws {
        switch server {
        case .double:
            let made = try await APIDouble(options)
            double = made
            kubeconfig = try made.kubeconfig
        case .real:
            double = nil
            kubeconfig = try #require(realKubeconfig)
        }
    }

    func client(limits: RequestLimits = RequestLimits(perSecond: 2_000, burst: 2_000)) throws -> KubernetesClient {
        KubernetesClient(try .kubeconfig(path: kubeconfig), limits: limits)
    }

    func name(_ suffix: String) -> String { "\(prefix)-\(suffix)" }

    func claim(_ suffix: String, labels: [String: String] = [:]) -> PersistentVolumeClaim {
        var claim = PersistentVolumeClaim(name: name(suffix), namespace: namespace)
        claim.accessModes = ["ReadWriteOnce"]
        claim.requestedStorage = Quantity("1Gi")
        // Of no class, so that nobody binds it.
        claim.storageClassName = "\(prefix)-none"
        claim.labels = labels.merging(["test": prefix]) { one, _ in one }
        return claim
    }

    /// Creates a claim without the finalizer that every new one gets, so that it goes at once when it is deleted.
    func makeFree(_ suffix: String, _ client: KubernetesClient) async throws {
        let made = try await client.create(claim(suffix))
        _ = try await client.mergePatch(
            PersistentVolumeClaim.self, made.name, namespace: namespace, ["metadata": ["finalizers": nil]])
    }

    var selector: String { "test=\(prefix)" }

    /// Removes what the test has made, also from a real server, where a controller's finalizer may hold it.
    func clean(_ client: KubernetesClient) async {
        guard double == nil, let claims = try? await client.list(PersistentVolumeClaim.self, labelSelector: selector)
        else { return }
        for claim in claims.items {
            _ = try? await client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: claim.namespace, ["metadata": ["finalizers": nil]])
            try? await client.delete(PersistentVolumeClaim.self, claim.name, namespace: claim.namespace)
        }
    }
}

/// Runs a test's body with a client, and cleans up after it.
func withClient(
    _ server: APIServer, limits: RequestLimits = RequestLimits(perSecond: 2_000, burst: 2_000),
    options: APIDoubleOptions = APIDoubleOptions(), _ body: (APIGround, KubernetesClient) async throws -> Void
) async throws {
    let ground = try await APIGround(server, options)
    let client = try ground.client(limits: limits)
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(ground, client)) } catch { outcome = .failure(error) }
    await ground.clean(client)
    try outcome.get()
}

/// The error that a call ends with; a call that succeeds is an issue.
func refusal<Value>(
    _ body: () async throws -> Value, _ location: SourceLocation = #_sourceLocation
) async throws -> KubernetesError {
    do {
        let value = try await body()
        throw Unrefused(description: "nothing was refused: \(value)")
    } catch let error as KubernetesError {
        return error
    }
}

struct Unrefused: Error, CustomStringConvertible {
    let description: String
}
