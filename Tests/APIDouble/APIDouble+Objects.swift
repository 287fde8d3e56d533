public import JSON
internal import Synchronization

/// What a test does and sees past the wire: no faults, no log.
extension APIDouble {
    /// A resource by its plural name, with or without its group.
    func resource(_ name: String) throws(APIStatus) -> APIResource {
        let found = store.withLock { state in
            state.resources[name] ?? state.resources.values.first { $0.plural == name }
        }
        guard let found else { throw .unknownResource }
        return found
    }

    /// Serves another kind, such as a custom resource.
    public func register(_ resource: APIResource) {
        store.withLock { $0.resources[resource.qualifiedName] = resource }
    }

    /// The version of the last write.
    public var resourceVersion: String { String(store.withLock { $0.version }) }

    /// Creates an object as the server does; its kind says where. Namespaced objects without a namespace go to `default`.
    @discardableResult
    public func create(_ object: JSON) throws(APIStatus) -> JSON {
        let (version, kind) = (object["apiVersion"]?.string ?? "", object["kind"]?.string ?? "")
        let found = store.withLock { state in
            state.resources.values.first { $0.kind == kind && $0.groupVersion == version }
        }
        guard let resource = found else { throw .unknownResource }
        let namespace = !resource.isNamespaced ? "" : object.namespace.isEmpty ? "default" : object.namespace
        return try store.withLock { (state) throws(APIStatus) in
            try state.create(resource, in: namespace, object, WriteOptions())
        }
    }

    /// An object as it is now; nil when there is none.
    public func object(_ resource: String, _ name: String, in namespace: String = "default") -> JSON? {
        guard let found = try? self.resource(resource) else { return nil }
        let key = ObjectKey(namespace: found.isNamespaced ? namespace : "", name: name)
        return store.withLock { $0.find(found, key)?.object }
    }

    /// All objects of a resource, in the order of their keys.
    public func objects(_ resource: String) -> [JSON] {
        guard let found = try? self.resource(resource) else { return [] }
        return store.withLock { state in (try? state.snapshot(of: found, at: nil))?.map { $0.1.object } ?? [] }
    }

    /// Changes an object by hand, in one step. `subresource` is empty or `status`.
    @discardableResult
    public func change(
        _ resource: String, _ name: String, in namespace: String = "default", subresource: String = "",
        _ change: (inout JSON) -> Void
    ) throws(APIStatus) -> JSON {
        let found = try self.resource(resource)
        let key = ObjectKey(namespace: found.isNamespaced ? namespace : "", name: name)
        return try store.withLock { (state) throws(APIStatus) in
            try state.update(found, key, subresource: subresource, isPut: false, WriteOptions()) {
                (old) throws(APIStatus) in
                var new = old
                change(&new)
                return new
            }
        }
    }

    /// Deletes an object as the server does: finalizers hold it.
    public func delete(_ resource: String, _ name: String, in namespace: String = "default") throws(APIStatus) {
        let found = try self.resource(resource)
        let key = ObjectKey(namespace: found.isNamespaced ? namespace : "", name: name)
        _ = try store.withLock { (state) throws(APIStatus) in try state.delete(found, key, StoreState.Deletion()) }
    }

    /// Forgets what was before now: watches and lists at older versions are told 410.
    public func compact() { store.withLock { $0.compact() } }

    /// Sends a bookmark to every watch that asked for them.
    public func sendBookmarks() {
        let open = watches.withLock { Array($0.values) }
        store.withLock { state in
            for watch in open where watch.wantsBookmarks { watch.sink.bookmark(at: state.version) }
        }
    }

    /// Waits until an object is as wanted; nil stands for an object that does not exist.
    @discardableResult
    public func waitForObject(
        _ resource: String, _ name: String, in namespace: String = "default", within seconds: Double = 20,
        until isWanted: (JSON?) -> Bool
    ) async throws -> JSON? {
        let found = try self.resource(resource)
        let sink = WatchSink(found, try ListScope(of: found))
        let id = store.withLock { state in
            state.nextSink += 1
            state.sinks[state.nextSink] = sink
            return state.nextSink
        }
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            sink.end()
        }
        defer {
            timer.cancel()
            store.withLock { _ = $0.sinks.removeValue(forKey: id) }
        }
        let now = object(resource, name, in: namespace)
        if isWanted(now) { return now }
        for await _ in sink.events {
            let now = object(resource, name, in: namespace)
            if isWanted(now) { return now }
        }
        let last = object(resource, name, in: namespace)
        throw WaitError(
            description:
                "\(resource) \(name) was not as wanted within \(seconds) s: \(last?.text() ?? "it does not exist")")
    }
}
