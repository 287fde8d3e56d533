internal import CSI
internal import Diagnostics
internal import RPC
internal import Syscalls
internal import Volumes

extension Plugin {
    /// Wraps an RPC: decode, refuse before the start-up pass is through, work, log once, encode.
    func answer<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, always: Bool = false,
        _ work: @escaping @Sendable (Request, CallContext) async throws(RPCStatus) -> Response
    ) -> Method {
        let storage = storage
        return .unary(method.path, startsInline: always) { context, bytes throws(RPCStatus) in
            let started = Moment.now
            var volume: String?
            do throws(RPCStatus) {
                let request = try decode(Request.self, bytes)
                volume = (request as? any NamesVolume)?.volumeName
                guard always || storage.isReady else { throw notReady }
                let response = try await work(request, context)
                log(method.path, volume, nil, started, isRoutine: always)
                return response.wireBytes()
            } catch {
                log(method.path, volume, error, started, isRoutine: always)
                throw error
            }
        }
    }

    /// The same for an RPC that is answered by a stream. The log tells of its end.
    func answer<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.ServerStream<Request, Response>,
        _ work:
            @escaping @Sendable (
                Request, CallContext, @Sendable (Response) async throws(RPCStatus) -> Void
            ) async throws(RPCStatus) -> Void
    ) -> Method {
        let storage = storage
        return .serverStream(method.path) { context, bytes, stream throws(RPCStatus) in
            let started = Moment.now
            var volume: String?
            do throws(RPCStatus) {
                let request = try decode(Request.self, bytes)
                volume = (request as? any NamesVolume)?.volumeName
                guard storage.isReady else { throw notReady }
                try await work(request, context) { response throws(RPCStatus) in
                    try await stream.send(response.wireBytes())
                }
                log(method.path, volume, nil, started, isRoutine: false)
            } catch {
                log(method.path, volume, error, started, isRoutine: false)
                throw error
            }
        }
    }

    /// Runs a story on a thread that may block, and turns its error into a status.
    func work<Value: Sendable>(
        _ story: @autoclosure @escaping @Sendable () throws(VolumeError) -> Value
    ) async throws(RPCStatus) -> Value {
        if HostThread.isExhausted { throw tooManyHeld }
        do throws(VolumeError) {
            return try await HostThread.run(story)
        } catch {
            throw RPCStatus(error)
        }
    }
}

private let notReady = RPCStatus(.unavailable, "the start-up pass is not through yet; ask again in a moment")

private let tooManyHeld = RPCStatus(
    .resourceExhausted,
    "\(HostThread.mostThreads) calls of this node wait for devices that do not answer, and no more are begun; look for hung "
        + "devices, and ask again when they answer")

private func decode<Request: WireMessage>(_: Request.Type, _ bytes: [UInt8]) throws(RPCStatus) -> Request {
    do throws(WireError) {
        return try Request(wire: bytes)
    } catch {
        throw .invalid("\(error)")
    }
}

/// One line a call: refusals are the client's affair (warning), failures are ours (error).
private func log(_ path: String, _ volume: String?, _ status: RPCStatus?, _ started: Moment, isRoutine: Bool) {
    let level: LogLevel =
        switch status?.code {
        case nil: isRoutine ? .debug : .info
        case .internalError, .dataLoss, .unknown: .error
        default: .warning
        }
    guard Log.shared.isEnabled(level) else { return }
    let microseconds = Int(started.age * 1_000_000)
    Log.shared.write(
        level, status?.message ?? "done",
        [
            "operation": path.split(separator: "/").last.map(String.init), "volume": volume,
            "code": (status?.code ?? .ok).name, "ms": "\(microseconds / 1_000).\(microseconds % 1_000 / 100)",
        ])
}

/// A request about one volume, for the log.
protocol NamesVolume {
    var volumeName: String { get }
}

extension CreateVolumeRequest: NamesVolume { var volumeName: String { name } }
extension DeleteVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension ControllerPublishVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension ControllerUnpublishVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension ValidateVolumeCapabilitiesRequest: NamesVolume { var volumeName: String { volumeID } }
extension ControllerGetVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension NodeStageVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension NodeUnstageVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension NodePublishVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension NodeUnpublishVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension NodeGetVolumeStatsRequest: NamesVolume { var volumeName: String { volumeID } }
extension NodeExpandVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension ControllerExpandVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension ControllerModifyVolumeRequest: NamesVolume { var volumeName: String { volumeID } }
extension CreateSnapshotRequest: NamesVolume { var volumeName: String { sourceVolumeID } }
extension DeleteSnapshotRequest: NamesVolume { var volumeName: String { snapshotID } }
extension GetSnapshotRequest: NamesVolume { var volumeName: String { snapshotID } }
extension CreateVolumeGroupSnapshotRequest: NamesVolume { var volumeName: String { name } }
extension DeleteVolumeGroupSnapshotRequest: NamesVolume { var volumeName: String { groupSnapshotID } }
extension GetVolumeGroupSnapshotRequest: NamesVolume { var volumeName: String { groupSnapshotID } }
extension GetMetadataAllocatedRequest: NamesVolume { var volumeName: String { snapshotID } }
extension GetMetadataDeltaRequest: NamesVolume { var volumeName: String { targetSnapshotID } }
