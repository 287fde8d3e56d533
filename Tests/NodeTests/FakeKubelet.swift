internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// Kubelet as a driver sees it: it looks through its registry for sockets, passes over what begins with a dot and what is
/// no socket, asks each plugin what it is, asks the driver for its node at the endpoint that it was told, and tells the
/// plugin how that went (`pkg/kubelet/pluginmanager`, `pkg/volume/csi`).
///
/// It keeps nothing: each one is a kubelet that has just been started.
struct FakeKubelet {
    struct Driver: Equatable {
        let socket: String
        let info: Registration.PluginInfo
        /// What NodeGetInfo said.
        let node: NodeGetInfoResponse
    }

    let registry: String

    /// The sockets that a kubelet takes for plugins.
    var sockets: [String] {
        guard let folder = try? Files.open(registry, O_RDONLY | O_DIRECTORY) else { return [] }
        let names = (try? Files.names(in: folder, registry)) ?? []
        return names.filter { name in
            !name.hasPrefix(".") && (try? FileStatus.of(name, in: folder))?.kind == .socket
        }.sorted()
    }

    /// Registers all drivers. With `refusal` it takes none, and says so.
    @discardableResult
    func register(refusing refusal: String? = nil) async throws -> [Driver] {
        var drivers: [Driver] = []
        for name in sockets {
            // The name of a socket is there a moment before anybody listens; kubelet tries again as well.
            let plugin = CSIClient(socket: "\(registry)/\(name)", timeout: 10, waitsForServer: true)
            let info = try await plugin.call(Registration.getInfo, Registration.InfoRequest())
            let driver = CSIClient(socket: info.endpoint, timeout: 10)
            let node = try await driver.call(CSIMethod.nodeGetInfo, NodeGetInfoRequest())
            let status = Registration.RegistrationStatus(pluginRegistered: refusal == nil, error: refusal ?? "")
            _ = try await plugin.call(Registration.notifyRegistrationStatus, status)
            driver.close()
            plugin.close()
            drivers.append(Driver(socket: name, info: info, node: node))
        }
        return drivers
    }

    /// Waits for one driver, as kubelet's watch of the folder does, and registers it.
    func registerWhenThere(_ location: SourceLocation = #_sourceLocation) async throws -> Driver {
        await eventually("no registration socket came", location: location) { !sockets.isEmpty }
        let drivers = try await register()
        #expect(drivers.count == 1, sourceLocation: location)
        return try #require(drivers.first, sourceLocation: location)
    }
}

/// Runs a test on a node that registers itself in a kubelet's registry.
func withRegisteredNode(
    in folder: TemporaryFolder = TemporaryFolder("node"), options: [String] = [], launcher: [String] = [],
    location: SourceLocation = #_sourceLocation, _ body: (NodeUnderTest, FakeKubelet) async throws -> Void
) async throws {
    let kubelet = FakeKubelet(registry: folder.makeFolder("plugins_registry"))
    try await withNode(
        in: folder, options: ["--kubelet-registration-dir", kubelet.registry] + options,
        launcher: launcher, location: location
    ) { node in
        try await body(node, kubelet)
    }
    #expect(kubelet.sockets == [], "the registration socket is left", sourceLocation: location)
}
