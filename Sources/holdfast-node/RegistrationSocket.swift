internal import Diagnostics
internal import Glibc
internal import Plugin
internal import RPC
internal import Synchronization
internal import Syscalls

/// The registration socket: in kubelet's folder for as long as volumes are served, and made anew when somebody has removed
/// it.
///
/// It stays when kubelet restarts, which then finds it in the folder.
final class RegistrationSocket: Sendable {
    private struct State {
        var server: RPCServer?
        /// What was said last of why the socket is not there, so that it is said once.
        var complaint: String?
        var isClosed = false
    }

    private let registration: KubeletRegistration
    private let state = Mutex(State())

    /// Seconds between two looks whether the socket is still there.
    private static let interval = 3.0
    /// Seconds that a call of kubelet's may go on when the socket goes.
    private static let grace = 1.0

    /// Refuses where there is no such folder.
    init(_ registration: KubeletRegistration) throws(SystemError) {
        self.registration = registration
        let folder = registration.socket.prefix(
            through: registration.socket.lastIndex(of: "/") ?? registration.socket.startIndex)
        _ = try Files.open(String(folder), O_RDONLY | O_DIRECTORY)
    }

    /// Puts the socket there, and keeps it there until `close`. Where that cannot be done it is tried again and again: kubelet
    /// may have its folder made anew, or the process before may still be ending.
    func keep() async {
        while !state.withLock({ $0.isClosed }) {
            if let lost = takeUnreachable() {
                Log.shared.warning(
                    "the registration socket is gone, or another one is in its place; it is made anew",
                    ["socket": registration.socket])
                await lost.shutdown(grace: Self.grace)
            }
            if state.withLock({ $0.server == nil && !$0.isClosed }) { await HostThread.run { [self] in open() } }
            try? await Task.sleep(for: .seconds(Self.interval))
        }
    }

    /// Takes the socket away.
    func close() async {
        let server = state.withLock { state in
            state.isClosed = true
            return state.server.take()
        }
        await server?.shutdown(grace: Self.grace)
    }

    /// The server whose socket cannot be found any more, if that is so.
    private func takeUnreachable() -> RPCServer? {
        guard let server = state.withLock({ $0.server }), !server.isReachable else { return nil }
        return state.withLock { $0.server.take() }
    }

    private func open() {
        do throws(RPCServerError) {
            let new = try RPCServer(
                socket: registration.socket, methods: registration.methods,
                options: RPCServer.Options(isFolderShared: true))
            serve(new)
        } catch {
            complain("\(error)")
        }
    }

    private func serve(_ new: RPCServer) {
        let isWanted = state.withLock { state in
            if state.isClosed { return false }
            state.server = new
            state.complaint = nil
            return true
        }
        guard isWanted else { return }
        new.start()
        Log.shared.info("waiting for kubelet", ["socket": registration.socket])
    }

    private func complain(_ sentence: String) {
        let isNew = state.withLock { state in
            defer { state.complaint = sentence }
            return state.complaint != sentence
        }
        if isNew { Log.shared.warning("kubelet cannot find this driver yet: \(sentence)") }
    }
}
