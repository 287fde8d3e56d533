internal import Kubernetes
internal import Synchronization
internal import Syscalls

/// Tells the owners of objects what becomes of them, by Events: once for each change of what is to be said, however often it
/// is tried again. What lasts is said again now and then, because the server forgets Events after an hour.
final class Telling: Sendable {
    private struct Key: Hashable {
        let uid: String
        let reason: String
    }

    private struct Told {
        let message: String
        let at: Moment
    }

    let recorder: EventRecorder
    private let told = Mutex<[Key: Told]>([:])

    /// Seconds after which the same is said again.
    private static let patience = 1_800.0
    /// How many objects are remembered; beyond that all are forgotten, and some are told twice.
    private static let room = 4_096

    init(_ recorder: EventRecorder) { self.recorder = recorder }

    /// Something went as it should.
    func normal(_ object: some KubernetesObject, _ reason: String, _ message: String) {
        tell(.normal, object, reason, message)
    }

    /// Something did not; the message says what to do.
    func warning(_ object: some KubernetesObject, _ reason: String, _ message: String) {
        tell(.warning, object, reason, message)
    }

    private func tell(_ kind: EventRecorder.Kind, _ object: some KubernetesObject, _ reason: String, _ message: String)
    {
        let key = Key(uid: object.uid, reason: reason)
        let isNews = told.withLock { told in
            if let last = told[key], last.message == message, last.at.age < Self.patience { return false }
            if told.count >= Self.room { told = [:] }
            told[key] = Told(message: message, at: .now)
            return true
        }
        if isNews { recorder.record(kind, reason, message, on: object) }
    }

    /// The object has come to an end, or what was wrong with it has: the next mistake is news.
    func forget(
        _ object: some KubernetesObject,
        _ reasons: [String] = ["ProvisioningFailed", "VolumeFailedDelete", "VolumeResizeFailed"]
    ) {
        told.withLock { told in
            for reason in reasons {
                told[Key(uid: object.uid, reason: reason)] = nil
            }
        }
    }
}

extension KubernetesClient {
    func get<Object: KubernetesObject>(
        _ type: Object.Type = Object.self, _ key: ObjectKey
    ) async throws(KubernetesError) -> Object {
        try await get(type, key.name, namespace: key.namespace)
    }
}
