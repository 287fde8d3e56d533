internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@testable internal import RPC

@Suite("The socket")
struct ListenerTests {
    @Test("is its owner's alone, whatever the umask")
    func mode() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        for path in [folder.socket, folder.lock] {
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o7777 == 0o600, "\(path)")
        }
        await server.shutdown(grace: 5)
    }

    @Test("of a living server is refused to a second one, and stays the first one's")
    func secondServer() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        let refusal = RPCServerError.inUse(path: folder.socket, holder: getpid())
        #expect(throws: refusal) { try RPCServer(socket: folder.socket, methods: [echo]) }
        #expect(refusal.description.contains(folder.socket) && refusal.description.contains("process \(getpid())"))
        let client = RPCClient(socket: folder.socket)
        #expect(try await client.unary("/test.Test/Echo", [4], timeout: 60) == [4])
        #expect(try folder.names() == ["s.sock", "s.sock.lock"])
        await server.shutdown(grace: 5)
    }

    @Test("of a server in another process is refused until that one is killed, then taken over")
    func killedServer() async throws {
        let folder = try SocketFolder()
        // What a server holds: the lock, with its process id in the file, and a socket.
        let holder = try Child(
            "/usr/bin/flock", ["-F", folder.lock, "sh", "-c", "echo $$ > \"$0\"; exec sleep 1000", folder.lock])
        try await eventually("the other process has the lock") {
            (try? Files.read(folder.lock, limit: 32)) == Array("\(holder.pid)\n".utf8)
        }
        try bindAndLeave(folder.socket)
        #expect(throws: RPCServerError.inUse(path: folder.socket, holder: holder.pid)) {
            try RPCServer(socket: folder.socket, methods: [echo])
        }
        #expect(try folder.names() == ["s.sock", "s.sock.lock"])
        await holder.kill()
        let server = try folder.serve([echo])
        #expect(try Files.read(folder.lock, limit: 64).starts(with: Array("\(getpid())\n".utf8)))
        let client = RPCClient(socket: folder.socket)
        #expect(try await client.unary("/test.Test/Echo", [4], timeout: 60) == [4])
        await server.shutdown(grace: 5)
        #expect(try folder.names() == [])
    }

    enum Thing: String, Sendable, CaseIterable { case file, folder, symlink, symlinkToASocket, pipe }

    @Test("takes the place of no other thing", arguments: Thing.allCases)
    func notASocket(thing: Thing) throws {
        let folder = try SocketFolder()
        let kind: FileStatus.Kind
        switch thing {
        case .file:
            try Files.write([1, 2, 3], to: try Files.open(folder.socket, O_CREAT | O_WRONLY), folder.socket)
            kind = .file
        case .folder:
            #expect(mkdir(folder.socket, 0o700) == 0)
            kind = .directory
        case .symlink:
            #expect(symlink("/etc/passwd", folder.socket) == 0)
            kind = .symlink
        case .symlinkToASocket:
            try bindAndLeave(folder.path + "/other")
            #expect(symlink(folder.path + "/other", folder.socket) == 0)
            kind = .symlink
        case .pipe:
            #expect(mkfifo(folder.socket, 0o600) == 0)
            kind = .pipe
        }
        let names = try folder.names()
        #expect(throws: RPCServerError.notASocket(path: folder.socket, found: kind)) {
            try RPCServer(socket: folder.socket, methods: [echo])
        }
        #expect(try folder.names() == names)
        if thing == .file { #expect(try Files.read(folder.socket, limit: 10) == [1, 2, 3]) }
    }

    @Test("is refused where the lock file cannot be one")
    func lockIsAPipe() throws {
        let folder = try SocketFolder()
        #expect(mkfifo(folder.lock, 0o600) == 0)
        #expect(throws: RPCServerError.notALockFile(path: folder.lock, found: .pipe)) {
            try RPCServer(socket: folder.socket, methods: [echo])
        }
        #expect(try folder.names() == ["s.sock.lock"])
    }

    @Test("in a folder that is not there is refused")
    func noFolder() throws {
        #expect(throws: RPCServerError.self) { try RPCServer(socket: "/tmp/holdfast-no-folder/s.sock", methods: []) }
        #expect(throws: RPCServerError.endpoint(.notAbsolute("s.sock"))) {
            try RPCServer(socket: "s.sock", methods: [])
        }
    }

    @Test(
        "serves methods of proper names only, once each",
        arguments: [
            (["/a.B/C", "/a.B/C"], RPCServerError.duplicateMethod("/a.B/C")),
            (["a.B/C"], .badMethod("a.B/C")), (["/a.B"], .badMethod("/a.B")), (["/a/b/c"], .badMethod("/a/b/c")),
            (["//c"], .badMethod("//c")),
        ])
    func methodNames(paths: [String], error: RPCServerError) throws {
        let folder = try SocketFolder()
        let methods = paths.map { RPC.Method.unary($0) { (_, request) throws(RPCStatus) in request } }
        #expect(throws: error) { try RPCServer(socket: folder.socket, methods: methods) }
        #expect(try folder.names() == [])
    }

    @Test("goes away with a server that was never started")
    func neverStarted() async throws {
        let folder = try SocketFolder()
        do { _ = try RPCServer(socket: folder.socket, methods: [echo]) }
        #expect(try folder.names() == [])
        let server = try RPCServer(socket: folder.socket, methods: [echo])
        await server.shutdown(grace: 0)
        #expect(try folder.names() == [])
        server.start()
        #expect(try folder.names() == [])
    }

    @Test("that somebody else has put in our place is not removed")
    func replaced() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        unlink(folder.socket)
        try bindAndLeave(folder.socket)
        unlink(folder.lock)
        try Files.write([7], to: try Files.open(folder.lock, O_CREAT | O_WRONLY), folder.lock)
        await server.shutdown(grace: 5)
        #expect(try folder.names() == ["s.sock", "s.sock.lock"])
    }

    @Test("is fought for by many, and one has it at a time")
    func race() async throws {
        let folder = try SocketFolder()
        let wins = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var wins = 0
                    for _ in 0..<50 {
                        do throws(RPCServerError) {
                            let server = try RPCServer(socket: folder.socket, methods: [echo])
                            wins += 1
                            await server.shutdown(grace: 0)
                        } catch {
                            guard case .inUse = error else {
                                Issue.record(error)
                                continue
                            }
                        }
                    }
                    return wins
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wins > 0)
        #expect(try folder.names() == [])
    }

    @Test("may lie in a folder of any name", arguments: ["/a b", "/100%41", "/Gerät#?&=:@", "/[::1]"])
    func oddNames(suffix: String) async throws {
        let folder = try SocketFolder(suffix: suffix)
        let server = try folder.serve([echo])
        let client = RPCClient(socket: folder.socket)
        #expect(try await client.unary("/test.Test/Echo", [4], timeout: 60) == [4])
        await server.shutdown(grace: 5)
    }

    @Test(
        "admits root and the server's own user",
        arguments: [(0, 0, true), (0, 1_000, true), (1_000, 1_000, true), (1_000, 0, false), (1_000, 1_001, false)]
            as [(UInt32, UInt32, Bool)])
    func peers(user: UInt32, server: UInt32, isAdmitted: Bool) {
        #expect(Peer(pid: 1, uid: user, gid: 0).mayCall(serverUser: server) == isAdmitted)
    }

    @Test(
        "closes the connection of another user, even where the mode lets it connect",
        .enabled(if: getuid() == 0, "only root can be somebody else"))
    func otherUser() async throws {
        let folder = try SocketFolder()
        let server = try folder.serve([echo])
        chmod(folder.path, 0o755)
        chmod(folder.socket, 0o666)
        // A server that admits a peer greets it with its settings.
        let read =
            "use IO::Socket::UNIX; $s = IO::Socket::UNIX->new($ARGV[0]) or exit 3; exit(sysread($s, $b, 1) ? 4 : 0)"
        let own = try Child("/usr/bin/perl", ["-e", read, folder.socket])
        #expect(await own.status() == 4)
        let other = try Child(
            "/usr/bin/setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", "perl", "-e", read, folder.socket])
        #expect(await other.status() == 0)
        await server.shutdown(grace: 5)
    }
}

/// Leaves a socket file behind as a killed server does.
private func bindAndLeave(_ path: String) throws {
    let socket = Descriptor(owning: socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0))
    let number = socket.number
    if withSocketAddress(path, { bind(number, $0, $1) }) != 0 { throw SystemError.last("bind a socket to", path) }
}

/// Another process, for what only another process can do.
private struct Child: Sendable {
    let pid: pid_t

    init(_ tool: String, _ arguments: [String]) throws {
        var words: [UnsafeMutablePointer<CChar>?] = ([tool] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        words.append(nil)
        var pid: pid_t = 0
        let status = posix_spawn(&pid, tool, nil, nil, words, environ)
        if status != 0 { throw SystemError("run", tool, code: status) }
        self.pid = pid
    }

    func kill() async {
        _ = Glibc.kill(pid, SIGKILL)
        _ = await status()
    }

    /// The exit status; -1 after a signal.
    func status() async -> CInt {
        let pid = pid
        return await HostThread.run {
            var status: CInt = 0
            _ = uninterrupted { waitpid(pid, &status, 0) }
            return status & 0x7f == 0 ? (status >> 8) & 0xff : -1
        }
    }
}
