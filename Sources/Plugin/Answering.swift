internal import CSI
internal import RPC
internal import Syscalls
internal import Volumes

/// What answering an RPC takes.
enum CallKind {
    /// A story of a volume: it may block, and is told of in the log.
    case work
    /// An answer out of memory, on the server's own thread, at any time.
    case memory
    /// A look at what there is, by whoever asks again and again: it may block, and is told of in the log when that is
    /// talkative. `whileStarting` is whether the start-up pass need not be through for it.
    case look(whileStarting: Bool)

    var startsInline: Bool { if case .memory = self { true } else { false } }

    var isRoutine: Bool { if case .work = self { false } else { true } }

    var servesWhileStarting: Bool {
        switch self {
        case .work: false
        case .memory: true
        case .look(let whileStarting): whileStarting
        }
    }
}

extension Plugin {
    /// Wraps an RPC: decode, refuse before the start-up pass is through, work, count and log once, encode.
    func answer<Request: WireMessage, Response: WireMessage>(
        _ method: CSIMethod.Unary<Request, Response>, as kind: CallKind = .work,
        _ work: @escaping @Sendable (Request, CallContext) async throws(RPCStatus) -> Response
    ) -> Method {
        let watch = CallWatch(method.path, kind, calls)
        let storage = storage
        return .unary(method.path, startsInline: kind.startsInline) { context, bytes throws(RPCStatus) in
            var call = watch.begin()
            do throws(RPCStatus) {
                let request = try decode(Request.self, bytes)
                call.volume = (request as? any NamesVolume)?.volumeName
                guard kind.servesWhileStarting || storage.isReady else { throw notReady }
                let response = try await watch.run(call) { () async throws(RPCStatus) in
                    try await work(request, context)
                }
                watch.end(call, nil)
                return response.wireBytes()
            } catch {
                watch.end(call, error)
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
        let watch = CallWatch(method.path, .work, calls)
        let storage = storage
        return .serverStream(method.path) { context, bytes, stream throws(RPCStatus) in
            var call = watch.begin()
            do throws(RPCStatus) {
                let request = try decode(Request.self, bytes)
                call.volume = (request as? any NamesVolume)?.volumeName
                guard storage.isReady else { throw notReady }
                try await watch.run(call) { () async throws(RPCStatus) in
                    try await work(request, context) { response throws(RPCStatus) in
                        try await stream.send(response.wireBytes())
                    }
                }
                watch.end(call, nil)
            } catch {
                watch.end(call, error)
                throw error
            }
        }
    }

    /// Runs a story on a thread that may block, and turns its error into a status.
    func work<Value: Sendable>(
        _ story: @autoclosure @escaping @Sendable () throws(VolumeError) -> Value
    ) async throws(RPCStatus) -> Value {
        if HostThread.isExhausted { throw tooManyHeld }
        let call = CallNumber.current
        let outcome: Result<Value, VolumeError> = await HostThread.run {
            CallNumber.$current.withValue(call) {
                do throws(VolumeError) { return .success(try story()) } catch { return .failure(error) }
            }
        }
        do throws(VolumeError) { return try outcome.get() } catch { throw RPCStatus(error) }
    }
}

extension Plugin {
    /// Runs a look at what there is, on a thread of its own kind: it is made also when all the others are held by devices that
    /// do not answer, which is when it is wanted most.
    func look<Value: Sendable>(
        _ story: @autoclosure @escaping @Sendable () throws(VolumeError) -> Value
    ) async throws(RPCStatus) -> Value {
        let outcome: Result<Value, VolumeError> = await withUnsafeContinuation { continuation in
            HostThread.start {
                do throws(VolumeError) {
                    continuation.resume(returning: .success(try story()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        do throws(VolumeError) { return try outcome.get() } catch { throw RPCStatus(error) }
    }
}

private let notReady = RPCStatus(.unavailable, "the start-up pass is not through yet; ask again in a moment")

private let tooManyHeld = RPCStatus(
    .resourceExhausted,
    "\(HostThread.mostThreads) calls of this node wait for devices that do not answer, and no more are begun; look for hung "
        + "devices, and ask again when they answer")

func decode<Request: WireMessage>(_: Request.Type, _ bytes: [UInt8]) throws(RPCStatus) -> Request {
    do throws(WireError) {
        return try Request(wire: bytes)
    } catch {
        throw .invalid("\(error)")
    }
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
