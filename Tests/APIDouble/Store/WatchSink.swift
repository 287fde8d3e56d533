internal import JSON
internal import Synchronization

/// One watch: turns changes into the events that its client is to see.
final class WatchSink: Sendable {
    enum Kind: String {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
        case bookmark = "BOOKMARK"
    }

    let resource: APIResource
    private let scope: ListScope
    private let continuation: AsyncStream<[UInt8]>.Continuation
    /// Gives the events, one a piece. Ending it ends the watch.
    let events: AsyncStream<[UInt8]>

    /// Called instead of sending an event, for those who only want to know that there is one.
    private let told: (@Sendable () -> Void)?

    init(_ resource: APIResource, _ scope: ListScope, told: (@Sendable () -> Void)? = nil) {
        (self.resource, self.scope, self.told) = (resource, scope, told)
        (events, continuation) = AsyncStream.makeStream()
    }

    func take(_ change: Change) {
        guard scope.holds(change.key) else { return }
        if let told { return told() }
        let was = change.before.map { scope.matches($0.object) } ?? false
        let isNow = change.after.map { scope.matches($0.object) } ?? false
        switch (was, isNow) {
        case (false, false): break
        case (false, true): send(.added, change.last)
        case (true, true): send(.modified, change.last)
        case (true, false):
            // An object that no longer matches is shown as it was, with the version of the change.
            guard change.after != nil, let before = change.before else { return send(.deleted, change.last) }
            var object = before.object
            object[path: ["metadata", "resourceVersion"]] = .string(String(change.version))
            send(.deleted, ObjectVersion(object, version: change.version))
        }
    }

    func send(_ kind: Kind, _ version: ObjectVersion) {
        var line = Array("{\"type\":\"\(kind.rawValue)\",\"object\":".utf8)
        line += resource.whole(version)
        line += Array("}\n".utf8)
        continuation.yield(line)
    }

    /// Tells that nothing up to that version is missing.
    func bookmark(at version: UInt64, endsInitialEvents: Bool = false) {
        var metadata: JSON = ["resourceVersion": .string(String(version)), "creationTimestamp": .null]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        let object: JSON = [
            "kind": .string(resource.kind), "apiVersion": .string(resource.groupVersion), "metadata": metadata,
        ]
        continuation.yield(Array("{\"type\":\"BOOKMARK\",\"object\":".utf8) + object.serialized() + Array("}\n".utf8))
    }

    /// Tells an error and ends.
    func fail(_ status: APIStatus) {
        continuation.yield(Array("{\"type\":\"ERROR\",\"object\":".utf8) + status.json.serialized() + Array("}\n".utf8))
        end()
    }

    func end() { continuation.finish() }
}

extension APIResource {
    /// An object as it is sent alone.
    func whole(_ version: ObjectVersion) -> [UInt8] {
        Array("{\"kind\":\"\(kind)\",\"apiVersion\":\"\(groupVersion)\",".utf8) + version.members
    }

    /// An object as it is sent in a list: built-in kinds leave out what the list says already.
    func item(_ version: ObjectVersion) -> [UInt8] {
        isCustom ? whole(version) : [UInt8(ascii: "{")] + version.members
    }
}
