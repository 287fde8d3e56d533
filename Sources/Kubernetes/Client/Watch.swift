internal import JSON
internal import Synchronization

/// What a watch tells.
public enum WatchEvent<Object: KubernetesObject>: Sendable {
    case added(Object)
    case modified(Object)
    /// As it was last.
    case deleted(Object)
    /// Everything up to this version has been told.
    case bookmark(resourceVersion: String)
    /// An event that could not be read was left out.
    case unreadable(reason: String)
}

/// The changes of objects from a version on, as they happen.
///
/// It ends when the server ends it, which it does every few minutes: go on from the last version. It throws when the
/// connection breaks, when the version is too old (`isGone`), and when the task is cancelled.
public struct Watch<Object: KubernetesObject>: AsyncSequence, Sendable {
    public typealias Element = WatchEvent<Object>
    public typealias Failure = KubernetesError

    let client: KubernetesClient
    let request: HTTPRequest

    public func makeAsyncIterator() -> Iterator { Iterator(source: WatchSource(client: client, request: request)) }

    public struct Iterator: AsyncIteratorProtocol {
        let source: WatchSource

        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(KubernetesError) -> WatchEvent<Object>? {
            guard let line = try await source.next() else { return nil }
            do throws(KubernetesError) {
                return try WatchEvent(line, source.request.description)
            } catch {
                source.stop()
                throw error
            }
        }
    }
}

/// The lines of one watch; its transfer begins with the first that is asked for, and ends with this.
final class WatchSource: Sendable {
    private struct State {
        var running: (transfer: Transfer, lines: LineStream)?
        var isOver = false
    }

    let client: KubernetesClient
    let request: HTTPRequest
    private let state = Mutex(State())

    init(client: KubernetesClient, request: HTTPRequest) {
        self.client = client
        self.request = request
    }

    deinit { stop() }

    func stop() {
        let running = state.withLock { state in
            state.isOver = true
            return state.running
        }
        if let running { client.loop.cancel(running.transfer) }
    }

    /// Nil when the server has ended the watch, and after that.
    func next() async throws(KubernetesError) -> [UInt8]? {
        if state.withLock({ $0.isOver }) { return nil }
        do throws(KubernetesError) {
            let line = try await nextLine()
            if line == nil { stop() }
            return line
        } catch {
            stop()
            throw error
        }
    }

    private func nextLine() async throws(KubernetesError) -> [UInt8]? {
        let (transfer, lines) = try await started()
        while true {
            switch lines.take() {
            case .line(let line): return line
            case .over: return nil
            case .failed(let error): throw error
            case .refused(let head, let body):
                if let pause = client.pause(after: head) { client.limiter.pause(seconds: pause) }
                if head.status == 401 { _ = await client.renewToken(from: transfer.token) }
                throw KubernetesClient.refusal(head, body, request, hiding: transfer.token)
            case .nothing: break
            }
            await withTaskCancellationHandler {
                await lines.wait()
            } onCancel: { [loop = client.loop] in
                loop.cancel(transfer)
            }
        }
    }

    private func started() async throws(KubernetesError) -> (Transfer, LineStream) {
        if let running = state.withLock({ $0.running }) { return running }
        try await client.waitForTurn(request, urgent: false)
        let token = try await client.currentToken(for: request)
        let lines = LineStream(lineLimit: client.limits.lineSize, room: 2 * client.limits.lineSize)
        let transfer = Transfer(request, token: token, sink: lines)
        state.withLock { $0.running = (transfer, lines) }
        client.loop.begin(transfer)
        return (transfer, lines)
    }
}

extension WatchEvent {
    /// Of one line: `{"type": "ADDED", "object": {…}}`. An ERROR is thrown as what it says.
    init(_ line: [UInt8], _ request: String) throws(KubernetesError) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(line)
        } catch {
            self = .unreadable(reason: "\(error)")
            return
        }
        let object = json["object"] ?? .null
        switch json["type"]?.string {
        case "ADDED": self = .added(Object(json: object))
        case "MODIFIED": self = .modified(Object(json: object))
        case "DELETED": self = .deleted(Object(json: object))
        case "BOOKMARK":
            self = .bookmark(resourceVersion: object["metadata", "resourceVersion"]?.string ?? "")
        case "ERROR":
            let code = Int(object["code"]?.integer ?? 500)
            throw .refused(APIStatus(object, code: code), request: request)
        default: self = .unreadable(reason: "an event of no known type")
        }
    }
}

extension KubernetesClient {
    /// The changes of objects from a version on; nothing is sent before the first is asked for.
    /// - Parameters:
    ///   - resourceVersion: of a list, of an event or of a bookmark.
    ///   - seconds: after how long the server ends it; nil for five to ten minutes.
    public func watch<Object: KubernetesObject>(
        _ type: Object.Type = Object.self, namespace: String? = nil, labelSelector: String? = nil,
        fieldSelector: String? = nil, from resourceVersion: String, bookmarks: Bool = true, seconds: Int? = nil
    ) -> Watch<Object> {
        let selection = Selection(namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        var path = RequestPath(resource: Object.resource, namespace: namespace, query: selection.query)
        // Not all clients come back at one moment.
        let end = seconds ?? Int.random(in: 300...600)
        path.query += [("watch", "1"), ("resourceVersion", resourceVersion), ("timeoutSeconds", "\(end)")]
        if bookmarks { path.query.append(("allowWatchBookmarks", "true")) }
        return Watch(
            client: self,
            request: HTTPRequest(
                method: "GET", path: path.text, description: "watch \(path.description)", timeout: nil,
                silence: limits.watchSilence))
    }
}
