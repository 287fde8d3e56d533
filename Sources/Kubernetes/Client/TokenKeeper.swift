internal import Settings
internal import Synchronization
internal import Syscalls

/// The bearer token of a client, read anew from its file from time to time: kubelet renews it.
final class TokenKeeper: Sendable {
    private struct State {
        var token: String?
        var readAt: Moment?
    }

    private let source: ClusterConfiguration.TokenSource?
    private let state = Mutex(State())
    /// In seconds. Kubelet renews a token when a fifth of its time is left, two minutes at the least.
    private static let readAgainAfter = 30.0

    init(_ source: ClusterConfiguration.TokenSource?) { self.source = source }

    /// Nil when there is none to send.
    func current(for request: HTTPRequest) async throws(KubernetesError) -> String? {
        switch source {
        case nil: return nil
        case .text(let token): return token
        case .file(let path):
            let known = state.withLock { $0 }
            if let token = known.token, let at = known.readAt, at.age < Self.readAgainAfter { return token }
            do throws(SettingsError) {
                return try await read(path)
            } catch {
                // While a new token is being put in place, the former one still counts.
                if let token = known.token { return token }
                throw .lacksCredential(request: request.description, reason: "\(error)")
            }
        }
    }

    /// Reads the file at once; whether it has another token than that, which the server did not accept.
    func renew(from refused: String?) async -> Bool {
        guard case .file(let path) = source, let token = try? await read(path) else { return false }
        return token != refused
    }

    private func read(_ path: String) async throws(SettingsError) -> String {
        let token = try await HostThread.run { () throws(SettingsError) in try TokenFile.read(path) }
        state.withLock { $0 = State(token: token, readAt: .now) }
        return token
    }
}
