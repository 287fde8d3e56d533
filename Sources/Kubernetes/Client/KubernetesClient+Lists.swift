internal import JSON

/// Which objects of a kind are meant.
struct Selection: Sendable {
    /// Nil for all.
    var namespace: String?
    var labelSelector: String?
    var fieldSelector: String?

    var query: [(String, String)] {
        var query: [(String, String)] = []
        if let labelSelector { query.append(("labelSelector", labelSelector)) }
        if let fieldSelector { query.append(("fieldSelector", fieldSelector)) }
        return query
    }
}

extension KubernetesClient {
    /// What a list says at its end.
    struct ListEnd {
        var resourceVersion = ""
        var unreadable = 0
    }

    /// What takes the objects of a list.
    struct ListTaker {
        /// A list of that version begins: what came before is to be forgotten. It may refuse the list.
        var begin: (_ version: String) throws(KubernetesError) -> Void
        var item: (JSON) -> Void
    }

    /// Lists in chunks and gives each object away at once, so that no more than one chunk is held at a time.
    ///
    /// The rest of a list can be too old to go on (410 Expired, after some minutes); then the list begins anew, the third
    /// time in one piece.
    func listChunks(
        _ resource: Resource, _ selection: Selection, _ taker: ListTaker
    ) async throws(KubernetesError) -> ListEnd {
        var attempt = 0
        while true {
            do throws(KubernetesError) {
                return try await list(resource, selection, limit: attempt < 2 ? limits.chunk : 0, taker)
            } catch {
                attempt += 1
                guard error.isGone, attempt < 3 else { throw error }
            }
        }
    }

    private func list(
        _ resource: Resource, _ selection: Selection, limit: Int, _ taker: ListTaker
    ) async throws(KubernetesError) -> ListEnd {
        var end = ListEnd()
        var rest: String?
        repeat {
            var path = RequestPath(resource: resource, namespace: selection.namespace, query: selection.query)
            if limit > 0 { path.query.append(("limit", "\(limit)")) }
            if let rest { path.query.append(("continue", rest)) }
            let request = try request("list", "GET", path)
            let body = try await send(request)
            let scan = try Self.scanned(body, request)
            let metadata = try Self.metadata(of: body, scan, request)
            if rest == nil {
                end.resourceVersion = metadata["resourceVersion"]?.string ?? ""
                try taker.begin(end.resourceVersion)
            }
            end.unreadable += Self.take(scan.items, of: body, taker.item)
            rest = metadata["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while rest != nil
        return end
    }

    private static func scanned(_ body: [UInt8], _ request: HTTPRequest) throws(KubernetesError) -> ListScan {
        guard let scan = ListScan(body) else {
            throw .unreadable(request: request.description, reason: "a list without items")
        }
        return scan
    }

    /// The list's own metadata, which stand before or behind its items.
    private static func metadata(
        of body: [UInt8], _ scan: ListScan, _ request: HTTPRequest
    ) throws(KubernetesError) -> JSON {
        let frame = Array(body[..<scan.inner.lowerBound]) + Array(body[scan.inner.upperBound...])
        do throws(JSONError) {
            if let metadata = try JSON.parse(frame)["metadata"] { return metadata }
        } catch {
            throw .unreadable(request: request.description, reason: "\(error)")
        }
        throw .unreadable(request: request.description, reason: "a list without metadata")
    }

    /// Gives the items away one by one, and answers how many could not be read: such an object, as anybody may have made it,
    /// does not keep the others from us.
    private static func take(_ items: [Range<Int>], of body: [UInt8], _ item: (JSON) -> Void) -> Int {
        items.count { range in
            guard let json = try? JSON.parse(Array(body[range])) else { return true }
            item(json)
            return false
        }
    }
}
