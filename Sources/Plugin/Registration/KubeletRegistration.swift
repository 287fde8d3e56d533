internal import CSI
internal import Diagnostics
public import RPC
internal import Synchronization
internal import Syscalls

/// What kubelet is told on the registration socket, and what it has said.
///
/// Kubelet asks and tells again after each start of its own, as often as it likes.
public final class KubeletRegistration: Sendable {
    private struct State {
        var isRegistered = false
        /// Nanoseconds since 1970; nil while kubelet has not called.
        var heard: Int64?
        var refusal: String?
    }

    /// The registration socket.
    public let socket: String
    private let driver: String
    private let endpoint: String
    private let onRefusal: @Sendable () -> Void
    private let state = Mutex(State())

    /// The type of plugin, and the version of the interface, that kubelet has for CSI.
    private static let type = "CSIPlugin"
    private static let versions = ["1.0.0"]

    /// `endpoint` is the path of the CSI socket as kubelet sees it. `onRefusal` is called once when kubelet does not take the
    /// driver; it must not block.
    public init(driver: String, endpoint: String, socket: String, onRefusal: @escaping @Sendable () -> Void) {
        self.driver = driver
        self.endpoint = endpoint
        self.socket = socket
        self.onRefusal = onRefusal
    }

    /// What kubelet said when it did not take the driver; nil while it has not said so.
    public var refusal: String? { state.withLock { $0.refusal } }

    public var methods: [Method] {
        [
            .unary(Registration.getInfo.path, startsInline: true) { [self] _, bytes throws(RPCStatus) in
                _ = try decode(Registration.InfoRequest.self, bytes)
                return info().wireBytes()
            },
            .unary(Registration.notifyRegistrationStatus.path, startsInline: true) {
                [self] _, bytes throws(RPCStatus) in
                note(try decode(Registration.RegistrationStatus.self, bytes))
                return Registration.RegistrationStatusResponse().wireBytes()
            },
        ]
    }

    /// How the node stands with kubelet.
    var view: Host.KubeletRegistration {
        let state = state.withLock { $0 }
        return Host.KubeletRegistration(
            socket: socket, registered: state.isRegistered, heard: state.heard.map(wireTime))
    }

    private func info() -> Registration.PluginInfo {
        state.withLock { $0.heard = wallClockNanoseconds() }
        Log.shared.info("kubelet asks for the driver", ["driver": driver, "endpoint": endpoint])
        return Registration.PluginInfo(
            type: Self.type, name: driver, endpoint: endpoint, supportedVersions: Self.versions)
    }

    private func note(_ status: Registration.RegistrationStatus) {
        let isFirstRefusal = state.withLock { state in
            state.heard = wallClockNanoseconds()
            state.isRegistered = status.pluginRegistered
            guard !status.pluginRegistered else { return false }
            defer { state.refusal = status.error }
            return state.refusal == nil
        }
        if status.pluginRegistered {
            Log.shared.info("kubelet has registered the driver", ["driver": driver])
        } else {
            Log.shared.error(
                "kubelet has refused the driver: \(status.error)", ["driver": driver, "endpoint": endpoint])
        }
        if isFirstRefusal { onRefusal() }
    }
}
