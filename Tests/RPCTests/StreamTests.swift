internal import RPC
internal import Synchronization
internal import Testing

@Suite("Calls of a stream of responses")
struct StreamTests {
    @Test("bring every response in order", arguments: [0, 1, 1_000])
    func inOrder(count: Int) async throws {
        let folder = try SocketFolder()
        let counting = RPC.Method.serverStream("/test.Test/Count") { (_, request, responses) throws(RPCStatus) in
            for number in 0..<count { try await responses.send([UInt8(truncatingIfNeeded: number)] + request) }
        }
        let server = try folder.serve([counting])
        let client = RPCClient(socket: folder.socket)
        var seen = 0
        for try await response in client.serverStream("/test.Test/Count", [9, 9], timeout: 60) {
            #expect(response == [UInt8(truncatingIfNeeded: seen), 9, 9])
            seen += 1
        }
        #expect(seen == count)
        await server.shutdown(grace: 5)
    }

    @Test("end with the handler's status after the responses", arguments: [0, 3])
    func failure(after count: Int) async throws {
        let folder = try SocketFolder()
        let failing = RPC.Method.serverStream("/test.Test/Fail") { (_, _, responses) throws(RPCStatus) in
            for _ in 0..<count { try await responses.send([1]) }
            throw RPCStatus(.dataLoss, "weg\nist weg")
        }
        let server = try folder.serve([failing])
        let client = RPCClient(socket: folder.socket)
        let seen = Atomic<Int>(0)
        let status = try await status { () throws(RPCStatus) in
            for try await _ in client.serverStream("/test.Test/Fail", [], timeout: 60) {
                seen.add(1, ordering: .relaxed)
            }
        }
        #expect(status == RPCStatus(.dataLoss, "weg\nist weg"))
        #expect(seen.load(ordering: .relaxed) == count)
        await server.shutdown(grace: 5)
    }

    enum Stop: String, Sendable, CaseIterable { case lettingGo, cancelling, closingTheClient }

    @Test("are cancelled by a client that stops in the middle", arguments: Stop.allCases)
    func stopping(how: Stop) async throws {
        let folder = try SocketFolder()
        let refused = Gate()
        let endless = RPC.Method.serverStream("/test.Test/Endless") { (context, _, responses) throws(RPCStatus) in
            do throws(RPCStatus) {
                while true { try await responses.send([UInt8](repeating: 1, count: 10_000)) }
            } catch {
                #expect(error.code == .cancelled)
                refused.open()
                throw error
            }
        }
        let server = try folder.serve([endless])
        let client = RPCClient(socket: folder.socket)
        let middle = Gate()
        let reader = Task {
            var count = 0
            for try await _ in client.serverStream("/test.Test/Endless", [], timeout: nil) {
                count += 1
                if count < 10 { continue }
                middle.open()
                if how == .lettingGo { break }
            }
        }
        await middle.wait()
        switch how {
        case .lettingGo: try await reader.value
        case .cancelling: reader.cancel()
        case .closingTheClient: client.close()
        }
        await refused.wait()
        if how != .lettingGo { await #expect(throws: RPCStatus.self) { try await reader.value } }
        await server.shutdown(grace: 5)
    }

    @Test("slow the handler down to the reader's pace")
    func backpressure() async throws {
        let folder = try SocketFolder()
        let sent = Atomic<Int>(0)
        let big = [UInt8](repeating: 1, count: 100_000)
        let endless = RPC.Method.serverStream("/test.Test/Endless") { (_, _, responses) throws(RPCStatus) in
            for _ in 0..<200 {
                try await responses.send(big)
                sent.add(1, ordering: .sequentiallyConsistent)
            }
        }
        let server = try folder.serve([endless, echo])
        let client = RPCClient(socket: folder.socket)
        var responses = client.serverStream("/test.Test/Endless", [], timeout: nil).makeAsyncIterator()
        var read = 0
        while try await responses.next() != nil {
            read += 1
            // What is ahead of the reader is in windows and socket buffers, never the whole stream of 20 MB.
            let ahead = sent.load(ordering: .sequentiallyConsistent) - read
            #expect(ahead < 100)
            _ = try await client.unary("/test.Test/Echo", [], timeout: 60)
        }
        #expect(read == 200)
        await server.shutdown(grace: 5)
    }

    @Test("refuse a second send while one is under way, and go on")
    func twoSends() async throws {
        let folder = try SocketFolder()
        let pair = RPC.Method.serverStream("/test.Test/Pair") { (_, _, responses) throws(RPCStatus) in
            let big = [UInt8](repeating: 1, count: 3_000_000)
            async let first: Void = responses.send(big)
            async let second: Void = responses.send(big)
            var refusals = 0
            do { try await first } catch { refusals += (error as? RPCStatus)?.code == .internalError ? 1 : 9 }
            do { try await second } catch { refusals += (error as? RPCStatus)?.code == .internalError ? 1 : 9 }
            try await responses.send([UInt8(refusals)])
        }
        let server = try folder.serve([pair])
        let client = RPCClient(socket: folder.socket)
        var last: [UInt8] = []
        var count = 0
        for try await response in client.serverStream("/test.Test/Pair", [], timeout: 60) {
            last = response
            count += 1
        }
        // Both sends went through one after the other, or one of them was refused.
        #expect((count == 3 && last == [0]) || (count == 2 && last == [1]))
        await server.shutdown(grace: 5)
    }

    @Test("keep their client, and are read to the end without another hold on it")
    func keepsItsClient() async throws {
        let folder = try SocketFolder()
        let counting = RPC.Method.serverStream("/test.Test/Count") { (_, _, responses) throws(RPCStatus) in
            for number in 0..<100 as Range<UInt8> { try await responses.send([number]) }
        }
        let server = try folder.serve([counting])
        let responses = RPCClient(socket: folder.socket).serverStream("/test.Test/Count", [], timeout: 60)
        var seen: [UInt8] = []
        for try await response in responses { seen += response }
        #expect(seen == Array(0..<100))
        await server.shutdown(grace: 5)
    }

    @Test("that cannot start throw at the first response")
    func noServer() async throws {
        let folder = try SocketFolder()
        let client = RPCClient(socket: folder.socket)
        let absent = try await status { () throws(RPCStatus) in
            for try await _ in client.serverStream("/test.Test/Count", [], timeout: 60) {}
        }
        #expect(absent.code == .unavailable)
        client.close()
        let closed = try await status { () throws(RPCStatus) in
            for try await _ in client.serverStream("/test.Test/Count", [], timeout: 60) {}
        }
        #expect(closed.code == .cancelled)
    }
}
