internal import JSON

/// Where an object lies.
struct ObjectKey: Hashable, Comparable {
    let namespace: String
    let name: String

    /// As etcd orders them: by the bytes of the whole key.
    var text: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// One version of an object, with the bytes that it is sent as.
final class ObjectVersion: Sendable {
    let object: JSON
    let version: UInt64
    /// Without `apiVersion` and `kind`, and without the closing brackets around them: lists leave those out.
    let members: [UInt8]

    init(_ object: JSON, version: UInt64) {
        self.object = object
        self.version = version
        var bare = object
        bare["apiVersion"] = nil
        bare["kind"] = nil
        members = Array(bare.serialized().dropFirst())
    }
}

/// What happened to one object.
struct Change {
    let version: UInt64
    let resource: String
    let key: ObjectKey
    let before: ObjectVersion?
    /// Nil when it was deleted.
    let after: ObjectVersion?
    /// What a watcher is shown of a deleted object: the last state with the version of the deletion.
    let last: ObjectVersion
}

/// All objects, and what became of them since the last compaction.
struct StoreState: ~Copyable {
    /// The version of the last write.
    var version: UInt64 = 1
    /// Nothing at or before this version is known any more.
    var compacted: UInt64 = 0
    var resources: [String: APIResource] = [:]
    var objects: [String: [ObjectKey: ObjectVersion]] = [:]
    var history: [Change] = []
    var sinks: [Int: WatchSink] = [:]
    var nextSink = 0

    func find(_ resource: APIResource, _ key: ObjectKey) -> ObjectVersion? { objects[resource.qualifiedName]?[key] }

    /// Everything of a resource at a version, in the order of keys. Throws when that is too old, or yet to come.
    func snapshot(of resource: APIResource, at wanted: UInt64?) throws(APIStatus) -> [(ObjectKey, ObjectVersion)] {
        var all = objects[resource.qualifiedName] ?? [:]
        if let wanted, wanted < version {
            guard wanted >= compacted else { throw .expired(wanted, oldest: compacted) }
            for change in history.reversed() {
                if change.version <= wanted { break }
                if change.resource == resource.qualifiedName { all[change.key] = change.before }
            }
        }
        return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// What is under that key at a version.
    func find(_ resource: APIResource, _ key: ObjectKey, at wanted: UInt64) throws(APIStatus) -> ObjectVersion? {
        guard wanted >= compacted else { throw .expired(wanted, oldest: compacted) }
        var found = find(resource, key)
        for change in history.reversed() {
            if change.version <= wanted { break }
            if change.resource == resource.qualifiedName && change.key == key { found = change.before }
        }
        return found
    }

    /// Writes a version of an object and tells the watchers.
    mutating func put(_ object: JSON, _ resource: APIResource, _ key: ObjectKey) -> JSON {
        version += 1
        var object = object
        object[path: ["metadata", "resourceVersion"]] = .string(String(version))
        let after = ObjectVersion(object, version: version)
        let before = objects[resource.qualifiedName]?.updateValue(after, forKey: key)
        if objects[resource.qualifiedName] == nil { objects[resource.qualifiedName] = [key: after] }
        tell(
            Change(
                version: version, resource: resource.qualifiedName, key: key, before: before, after: after, last: after)
        )
        return object
    }

    /// Removes an object and returns its last state.
    @discardableResult
    mutating func remove(_ resource: APIResource, _ key: ObjectKey, last object: JSON) -> JSON {
        version += 1
        var object = object
        object[path: ["metadata", "resourceVersion"]] = .string(String(version))
        let before = objects[resource.qualifiedName]?.removeValue(forKey: key)
        let last = ObjectVersion(object, version: version)
        tell(
            Change(
                version: version, resource: resource.qualifiedName, key: key, before: before, after: nil, last: last))
        return object
    }

    private mutating func tell(_ change: Change) {
        history.append(change)
        for sink in sinks.values where sink.resource.qualifiedName == change.resource { sink.take(change) }
    }

    /// Forgets what was before now: watches and lists at older versions are told 410.
    mutating func compact() {
        compacted = version
        history = []
    }
}
