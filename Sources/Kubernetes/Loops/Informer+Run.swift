internal import Diagnostics
internal import JSON
internal import Synchronization
internal import Syscalls

extension Informer {
    /// Where the loop is.
    fileprivate struct Place {
        /// From where to watch; nil: list first.
        var version: String?
        /// The newest version ever seen.
        var newest = ""
        var failures = 0
        /// How often in a row a list was older than what had been seen.
        var staleLists = 0

        static var staleListsRefused: Int { 3 }
    }

    /// Keeps the copy up to date until the task is cancelled. It never gives up: after each failure it waits longer, up to
    /// the backoff's cap.
    public func run() async {
        var place = Place()
        while !Task.isCancelled {
            do throws(KubernetesError) {
                if place.version == nil { try await list(&place) }
                try await follow(&place)
            } catch {
                if error.isCancelled { break }
                if error.isGone { place.version = nil }
                place.failures += 1
                report(error)
                // The first time, a version that is too old is no failure: the network was away for a while.
                if error.isGone, place.failures == 1 { continue }
                try? await sleep(until: .after(seconds: backoff.delay(after: place.failures)))
            }
        }
    }

    private func list(_ place: inout Place) async throws(KubernetesError) {
        let resource = Object.resource
        var keys: Set<ObjectKey> = []
        let last = place
        // A list that is older than what has been seen would take us back in time: deleted objects would be there again. Only
        // a server that keeps to it, as one does that was restored from a backup, is believed.
        var isOlder = false
        let taker = KubernetesClient.ListTaker { (version) throws(KubernetesError) in
            isOlder = !last.newest.isEmpty && ResourceVersion.isOlder(version, than: last.newest)
            guard !isOlder || last.staleLists == Place.staleListsRefused else {
                throw Self.tooOld(version, last.newest)
            }
            keys = []
        } item: { json in
            let object = Object(json: json)
            keys.insert(object.key)
            self.tell(self.put(object, evenIfOlder: isOlder))
        }
        let end: KubernetesClient.ListEnd
        do throws(KubernetesError) {
            end = try await client.listChunks(resource, selection, taker)
            place.staleLists = 0
        } catch {
            if isOlder, last.staleLists < Place.staleListsRefused { place.staleLists += 1 }
            throw error
        }
        tell(removeAll(but: keys))
        place.version = end.resourceVersion
        place.newest = end.resourceVersion
        state.withLock { state in
            state.status.lists += 1
            state.status.unreadable += end.unreadable
        }
        if end.unreadable > 0 {
            let fields: LogFields = ["resource": resource.plural, "count": "\(end.unreadable)"]
            Log.shared.warning("objects could not be read", fields)
        }
        // In this order: who waits for the copy then finds nothing wrong with it.
        recovered()
        markSynced()
    }

    private static func tooOld(_ version: String, _ newest: String) -> KubernetesError {
        .unreadable(
            request: "list \(Object.resource.plural)",
            reason: "the list is of version \(oneLine(version)), which is older than \(oneLine(newest))")
    }

    private func follow(_ place: inout Place) async throws(KubernetesError) {
        let start = Moment.now
        var events = 0
        let watch = client.watch(
            Object.self, namespace: selection.namespace, labelSelector: selection.labelSelector,
            fieldSelector: selection.fieldSelector, from: place.version ?? "")
        for try await event in watch {
            events += 1
            if events == 1 { recovered() }
            place.failures = 0
            take(event, &place)
        }
        if Task.isCancelled { throw .cancelled(request: watch.request.description, sent: true) }
        guard events == 0, start.age < 1 else {
            // It was let in and had nothing to tell: nothing has changed.
            place.failures = 0
            return recovered()
        }
        throw .broken(request: watch.request.description, reason: "the server ended it at once", sent: true)
    }

    private func take(_ event: WatchEvent<Object>, _ place: inout Place) {
        var version: String?
        switch event {
        case .added(let object), .modified(let object):
            version = object.resourceVersion
            tell(put(object))
        case .deleted(let object):
            version = object.resourceVersion
            tell(remove(object))
        case .bookmark(let bookmark): version = bookmark
        case .unreadable(let reason):
            state.withLock { $0.status.unreadable += 1 }
            Log.shared.warning("an event could not be read", ["resource": Object.resource.plural, "reason": reason])
        }
        guard let version, !version.isEmpty else { return }
        place.version = version
        if !ResourceVersion.isOlder(version, than: place.newest) { place.newest = version }
    }

    private func report(_ error: KubernetesError) {
        let isNews = state.withLock { state in
            defer { state.status.error = error }
            // A watch that is too old is listed again, and nothing is wrong.
            guard !error.isGone, !error.isSameTrouble(as: state.status.error) else { return false }
            state.isTroubleTold = true
            return true
        }
        if isNews {
            Log.shared.warning("not up to date", ["resource": Object.resource.plural, "error": "\(error)"])
        }
    }

    private func recovered() {
        let isNews = state.withLock { state in
            state.status.error = nil
            defer { state.isTroubleTold = false }
            return state.isTroubleTold
        }
        if isNews { Log.shared.info("up to date again", ["resource": Object.resource.plural]) }
    }
}
