internal import RPC
internal import Testing

/// Expects a call to be refused with that code, in a sentence that holds all of these words.
@discardableResult
func refused<Response>(
    _ code: StatusCode, _ words: String..., what: String = "", location: SourceLocation = #_sourceLocation,
    _ call: () async throws -> Response
) async -> String {
    await expectRefusal(code, words, what, location, call)
}

/// As `refused`, with the words in a list.
@discardableResult
func expectRefusal<Response>(
    _ code: StatusCode, _ words: [String], _ what: String = "", _ location: SourceLocation = #_sourceLocation,
    _ call: () async throws -> Response
) async -> String {
    do {
        _ = try await call()
        Issue.record("\(what) was not refused; \(code.name) was expected", sourceLocation: location)
    } catch let status as RPCStatus {
        #expect(status.code == code, "\(what): \(status)", sourceLocation: location)
        for word in words {
            #expect(status.message.contains(word), "\(what): \(status)", sourceLocation: location)
        }
        return status.message
    } catch {
        Issue.record("\(what): \(error)", sourceLocation: location)
    }
    return ""
}

/// The code that a call ends with, `ok` included.
func outcome<Response>(_ call: () async throws(RPCStatus) -> Response) async -> StatusCode {
    do throws(RPCStatus) {
        _ = try await call()
        return .ok
    } catch {
        return error.code
    }
}
