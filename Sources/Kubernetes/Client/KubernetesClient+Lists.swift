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

    /// Lists in chunks and gives each object to `item`, so that no more than one chunk is held at a time.
    ///
    /// The rest of a list can be too old to go on (410 Expired, after some minutes); then `begin` is told to forget what
    /// came, and the list begins anew, the third time in one piece.
    func listChunks(
        _ resource: Resource, _ selection: Selection, begin: (_ again: Bool) -> Void, item: (JSON) -> Void
    ) async throws(KubernetesError) -> ListEnd {
        var attempt = 0
        while true {
            begin(attempt > 0)
            do throws(KubernetesError) {
                return try await list(resource, selection, limit: attempt < 2 ? limits.chunk : 0, item)
            } catch {
                attempt += 1
                guard error.isGone, attempt < 3 else { throw error }
            }
        }
    }

    private func list(
        _ resource: Resource, _ selection: Selection, limit: Int, _ item: (JSON) -> Void
    ) async throws(KubernetesError) -> ListEnd {
        var end = ListEnd()
        var rest: String?
        repeat {
            var path = RequestPath(resource: resource, namespace: selection.namespace, query: selection.query)
            if limit > 0 { path.query.append(("limit", "\(limit)")) }
            if let rest { path.query.append(("continue", rest)) }
            let request = try request("list", "GET", path)
            let body = try await send(request)
            let metadata = try items(of: body, request, &end, item)
            end.resourceVersion = metadata["resourceVersion"]?.string ?? end.resourceVersion
            rest = metadata["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        } while rest != nil
        return end
    }

    /// Takes the items of an answer apart one by one: an object that cannot be read, as anybody may have made it, does not
    /// keep the others from us. Answers the list's own metadata.
    private func items(
        of body: [UInt8], _ request: HTTPRequest, _ end: inout ListEnd, _ item: (JSON) -> Void
    ) throws(KubernetesError) -> JSON {
        do throws(JSONError) {
            guard let scan = ListScan(body) else {
                throw JSONError(position: nil, reason: "a list without items")
            }
            for range in scan.items {
                do throws(JSONError) {
                    item(try JSON.parse(Array(body[range])))
                } catch {
                    end.unreadable += 1
                }
            }
            let frame = try JSON.parse(Array(body[..<scan.inner.lowerBound]) + Array(body[scan.inner.upperBound...]))
            guard let metadata = frame["metadata"] else {
                throw JSONError(position: nil, reason: "a list without metadata")
            }
            return metadata
        } catch {
            throw .unreadable(request: request.description, reason: "\(error)")
        }
    }
}
