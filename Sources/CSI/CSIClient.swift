public import RPC

/// A client of a CSI plugin: the CLI, the benchmark and the tests.
public struct CSIClient: Sendable {
    private let client: RPCClient
    /// Seconds that a call may take.
    private let timeout: Double

    /// - Parameter socket: the path of the plugin's socket, see `Endpoint.path`.
    public init(socket: String, timeout seconds: Double = 60, waitsForServer: Bool = false) {
        client = RPCClient(socket: socket, options: RPCClient.Options(waitsForServer: waitsForServer))
        timeout = seconds
    }

    /// Calls a method. An answer that cannot be decoded is INTERNAL.
    /// - Parameter seconds: how long to wait for the answer, where it is less than the client's own time.
    public func call<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, _ request: Request, within seconds: Double = .infinity
    ) async throws(RPCStatus) -> Response {
        let bytes = try await client.unary(method.path, request.wireBytes(), timeout: min(timeout, seconds))
        do throws(WireError) {
            return try Response(wire: bytes)
        } catch {
            throw RPCStatus(.internalError, "the plugin's answer to \(method.path) cannot be read: \(error)")
        }
    }

    public func close() { client.close() }
}
