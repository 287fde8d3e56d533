internal import HTTP
internal import JSON
internal import Synchronization

/// A watch that a client has open.
struct OpenWatch: Sendable {
    let number: Int
    let sink: WatchSink
    let wantsBookmarks: Bool
    let out: AsyncThrowingStream<[UInt8], any Error>.Continuation

    func end(_ gracefully: Bool) {
        if gracefully { sink.end() } else { out.finish(throwing: Cut()) }
    }

    struct Cut: Error {}
}

extension APIDouble {
    func watch(_ call: Call) throws(APIStatus) -> HTTPResponse {
        let scope = try ListScope(of: call)
        let sink = WatchSink(call.resource, scope)
        let wantsBookmarks = ["true", "1"].contains(call.query["allowWatchBookmarks"] ?? "")
        let isListing = ["true", "1"].contains(call.query["sendInitialEvents"] ?? "")
        if isListing { try checkInitialEvents(call, wantsBookmarks) }
        let from = try version(call.query["resourceVersion"])
        let (stream, out) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let open = OpenWatch(number: call.record.number, sink: sink, wantsBookmarks: wantsBookmarks, out: out)
        let id = try store.withLock { (state) throws(APIStatus) -> Int in
            state.nextSink += 1
            if case .gone = call.fault {
                sink.fail(.expired(from ?? 0, oldest: state.version))
                return state.nextSink
            }
            if let from, from > 0, !isListing {
                guard from >= state.compacted else {
                    sink.fail(.expired(from, oldest: state.compacted))
                    return state.nextSink
                }
                for change in state.history
                where change.version > from && change.resource == call.resource.qualifiedName {
                    sink.take(change)
                }
            } else if isListing || call.query["sendInitialEvents"] != "false" {
                for (key, found) in try state.snapshot(of: call.resource, at: nil)
                where scope.holds(key) && scope.matches(found.object) {
                    sink.send(.added, found)
                }
                if isListing { sink.bookmark(at: state.version, endsInitialEvents: true) }
            }
            state.sinks[state.nextSink] = sink
            return state.nextSink
        }
        watches.withLock { $0[id] = open }
        let asked = call.query["timeoutSeconds"].flatMap { Double($0) } ?? 0
        let seconds = asked > 0 ? asked : options.watchSeconds
        let task = Task { [weak self, bookmarks = options.bookmarkSeconds] in
            await withTaskGroup { group in
                group.addTask { await Self.pump(open, call.fault) }
                group.addTask {
                    try? await Task.sleep(for: .seconds(seconds))
                    sink.end()
                    await Self.untilCancelled()
                }
                if wantsBookmarks { group.addTask { await Self.mark(self, sink, every: bookmarks) } }
                await group.next()
                group.cancelAll()
            }
            self?.forget(id)
        }
        out.onTermination = { [weak self] _ in
            task.cancel()
            self?.forget(id)
        }
        return HTTPResponse(status: 200, headers: ["Content-Type": "application/json"], body: .stream(stream))
    }

    private func forget(_ id: Int) {
        store.withLock { _ = $0.sinks.removeValue(forKey: id) }
        watches.withLock { _ = $0.removeValue(forKey: id) }
    }

    private func checkInitialEvents(_ call: Call, _ wantsBookmarks: Bool) throws(APIStatus) {
        if call.query["resourceVersionMatch"] == "NotOlderThan" && wantsBookmarks { return }
        throw APIStatus(
            code: 422, reason: "Invalid",
            message:
                "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires "
                + "setting resourceVersionMatch to NotOlderThan",
            details: ["group": "meta.k8s.io", "kind": "ListOptions"])
    }

    private static func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }

    private static func mark(_ double: APIDouble?, _ sink: WatchSink, every seconds: Double) async {
        while true {
            do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
            double?.store.withLock { sink.bookmark(at: $0.version) }
        }
    }

    /// Hands the events on, as the fault has it.
    private static func pump(_ open: OpenWatch, _ fault: Fault?) async {
        var count = 0
        for await event in open.sink.events {
            switch fault {
            case .delayEvents(let seconds): try? await Task.sleep(for: .seconds(seconds))
            case .holdEvents(let gate): await gate.pass()
            case .dropAfter(let events) where count == events:
                open.out.finish(throwing: OpenWatch.Cut())
                return
            default: break
            }
            open.out.yield(event)
            count += 1
            if case .dropAfter(let events) = fault, count == events {
                open.out.finish(throwing: OpenWatch.Cut())
                return
            }
        }
        open.out.finish()
    }
}
