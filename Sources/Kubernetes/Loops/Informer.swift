internal import Diagnostics
public import JSON
internal import Synchronization
internal import Syscalls

/// What has happened to an object.
public enum Change<Object: KubernetesObject>: Sendable {
    case added(Object)
    case updated(Object)
    /// As it was last.
    case deleted(Object)
}

/// A copy of the objects of a kind that is kept up to date: listed once, watched from there on, and listed again when the
/// server has forgotten what came since.
public final class Informer<Object: KubernetesObject>: Sendable {
    /// How it stands with the copy.
    public struct Status: Sendable {
        /// Whether it has been complete once.
        public var hasSynced = false
        /// Why it is not kept up to date at the moment; nil when it is.
        public var error: KubernetesError?
        /// Objects that could not be read when they came.
        public var unreadable = 0
        /// How often all was listed.
        public var lists = 0
    }

    struct State {
        var store: ObjectStore<Object>
        var status = Status()
        /// Whether the log's last word is that it is not up to date.
        var isTroubleTold = false
        var waiters: [Int: UnsafeContinuation<Void, Never>] = [:]
        var lastWaiter = 0
        var handlers: [@Sendable (Change<Object>) -> Void] = []
    }

    let client: KubernetesClient
    let selection: Selection
    let backoff: Backoff
    private let trim: @Sendable (inout JSON) -> Void
    let state: Mutex<State>

    /// - Parameters:
    ///   - indexes: by name, what `byIndex` finds an object by.
    ///   - trim: cuts from an object what is not worth its memory. An object is written back without it, so it may only be
    ///     what the server keeps by itself; `managedFields`, which it is as a rule, is.
    public init(
        _ type: Object.Type = Object.self, _ client: KubernetesClient, namespace: String? = nil,
        labelSelector: String? = nil, fieldSelector: String? = nil,
        indexes: [String: @Sendable (Object) -> [String]] = [:], backoff: Backoff = Backoff(first: 0.5, cap: 30),
        trim: @escaping @Sendable (inout JSON) -> Void = { $0["metadata", "managedFields"] = nil }
    ) {
        self.client = client
        selection = Selection(namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        self.backoff = backoff
        self.trim = trim
        state = Mutex(State(store: ObjectStore(indexes: indexes)))
    }

    /// Is told of each change, in order, after the copy has it. To be given before `run`; it must not block.
    public func onChange(_ handler: @escaping @Sendable (Change<Object>) -> Void) {
        state.withLock { $0.handlers.append(handler) }
    }

    public func get(_ key: ObjectKey) -> Object? {
        state.withLock { $0.store.packed(key) }.flatMap { ObjectStore<Object>.object($0) }
    }

    /// All objects, in no order. Each is made anew from its JSON: not for every key's work.
    public var all: [Object] {
        state.withLock { $0.store.packed }.compactMap { ObjectStore<Object>.object($0) }
    }

    /// The objects in which that index finds the value, in no order.
    public func byIndex(_ index: String, _ value: String) -> [Object] {
        state.withLock { $0.store.packed(index, value) }.compactMap { ObjectStore<Object>.object($0) }
    }

    /// In how many objects the index finds the value.
    public func count(_ index: String, _ value: String) -> Int { state.withLock { $0.store.count(index, value) } }

    public var count: Int { state.withLock { $0.store.count } }

    public var status: Status { state.withLock { $0.status } }

    /// Returns when the copy is complete for the first time and the handlers have been told; sooner when the task is
    /// cancelled.
    public func waitForSync() async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let goesOn = state.withLock { state in
                    if state.status.hasSynced || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    // MARK: - What the loop does with the copy

    func tell(_ changes: [Change<Object>]) {
        let handlers = state.withLock { $0.handlers }
        for change in changes { for handler in handlers { handler(change) } }
    }

    /// Takes an object into the copy, unless what is there is newer. `evenIfOlder` is for a server whose history was rewritten.
    func put(_ object: Object, evenIfOlder: Bool = false) -> [Change<Object>] {
        var json = object.json
        trim(&json)
        let new = Object(json: json)
        let (isNews, isThere, other) = state.withLock { state in
            let known = state.store.version(of: new.key)
            let isNewer = ResourceVersion.isNewer(new.resourceVersion, than: known)
            guard known == nil || isNewer || evenIfOlder && known != new.resourceVersion else {
                return (false, true, [UInt8]?.none)
            }
            let isThere = state.store.contains(new.key)
            // Under one name it may have been deleted and made again while nobody looked.
            let other = isThere && !state.store.holds(new) ? state.store.packed(new.key) : nil
            state.store.put(new)
            return (true, isThere, other)
        }
        guard isNews else { return [] }
        if let old = other.flatMap({ ObjectStore<Object>.object($0) }) { return [.deleted(old), .added(new)] }
        return isThere ? [.updated(new)] : [.added(new)]
    }

    func remove(_ object: Object) -> [Change<Object>] {
        let isThere = state.withLock { state in
            guard state.store.contains(object.key),
                !ResourceVersion.isNewer(state.store.version(of: object.key), than: object.resourceVersion)
            else { return false }
            state.store.remove(object.key)
            return true
        }
        return isThere ? [.deleted(object)] : []
    }

    /// Removes what a list did not have.
    func removeAll(but keys: Set<ObjectKey>) -> [Change<Object>] {
        let gone = state.withLock { state in
            state.store.keys(without: keys).compactMap { key in
                defer { state.store.remove(key) }
                return state.store.packed(key)
            }
        }
        return gone.compactMap { ObjectStore<Object>.object($0).map { .deleted($0) } }
    }

    func markSynced() {
        let waiters = state.withLock { state in
            state.status.hasSynced = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume() }
    }
}
