internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

@Suite("A socket in a folder of others")
struct SharedFolderTests {
    private let options = RPCServer.Options(isFolderShared: true)

    @Test("has a lock file that begins with a dot, and both go with the server")
    func names() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo], options: options)
        #expect(try folder.names() == [".s.sock.lock", "s.sock"])
        await server.shutdown(grace: 5)
        #expect(try folder.names() == [])
    }

    @Test("is refused to a second server of ours")
    func second() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo], options: options)
        #expect(throws: RPCServerError.inUse(path: folder.socket, holder: getpid())) {
            try RPCServer(socket: folder.socket, methods: [echo], options: options)
        }
        await server.shutdown(grace: 5)
    }

    @Test("is left to somebody who answers on it, and taken when nobody does any more")
    func foreign() async throws {
        let folder = try SocketFolder()
        do {
            let other = try ForeignListener(folder.socket)
            #expect(throws: RPCServerError.inUse(path: folder.socket, holder: nil)) {
                try RPCServer(socket: folder.socket, methods: [echo], options: options)
            }
            #expect(try folder.names() == ["s.sock"])
            _ = try RawConnection(folder.socket)
            other.close()
        }
        let server = try folder.serve([echo], options: options)
        #expect(try await RPCClient(socket: folder.socket).unary("/test.Test/Echo", [4], timeout: 60) == [4])
        await server.shutdown(grace: 5)
        #expect(try folder.names() == [])
    }

    @Test("knows when nobody can reach it any more, and leaves what is in its place", arguments: [false, true])
    func unreachable(isReplaced: Bool) async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo], options: options)
        #expect(server.isReachable)
        unlink(folder.socket)
        if isReplaced { _ = try ForeignListener(folder.socket, listens: false) }
        #expect(!server.isReachable)
        await server.shutdown(grace: 5)
        #expect(try folder.names() == (isReplaced ? ["s.sock"] : []))
    }
}
