internal import CGRPC

/// The operations of a batch. What they point to has to live until the batch has ended.
extension grpc_op {
    private init(_ kind: grpc_op_type) {
        self.init()
        op = kind
    }

    static func sendInitialMetadata(flags: UInt32 = 0) -> grpc_op {
        var operation = grpc_op(GRPC_OP_SEND_INITIAL_METADATA)
        operation.flags = flags
        return operation
    }

    static func sendMessage(_ message: borrowing ByteBuffer) -> grpc_op {
        var operation = grpc_op(GRPC_OP_SEND_MESSAGE)
        operation.data.send_message.send_message = message.raw
        return operation
    }

    static var sendCloseFromClient: grpc_op { grpc_op(GRPC_OP_SEND_CLOSE_FROM_CLIENT) }

    /// `details` is read before the start of the batch returns.
    static func sendStatus(_ code: StatusCode, _ details: UnsafeMutablePointer<grpc_slice>?) -> grpc_op {
        var operation = grpc_op(GRPC_OP_SEND_STATUS_FROM_SERVER)
        operation.data.send_status_from_server.status = grpc_status_code(code.rawValue)
        operation.data.send_status_from_server.status_details = details
        return operation
    }

    static func receiveInitialMetadata(_ target: UnsafeMutablePointer<grpc_metadata_array>) -> grpc_op {
        var operation = grpc_op(GRPC_OP_RECV_INITIAL_METADATA)
        operation.data.recv_initial_metadata.recv_initial_metadata = target
        return operation
    }

    static func receiveMessage(_ target: UnsafeMutablePointer<UnsafeMutablePointer<grpc_byte_buffer>?>) -> grpc_op {
        var operation = grpc_op(GRPC_OP_RECV_MESSAGE)
        operation.data.recv_message.recv_message = target
        return operation
    }

    static func receiveStatus(
        _ code: UnsafeMutablePointer<grpc_status_code>, _ details: UnsafeMutablePointer<grpc_slice>,
        _ metadata: UnsafeMutablePointer<grpc_metadata_array>
    ) -> grpc_op {
        var operation = grpc_op(GRPC_OP_RECV_STATUS_ON_CLIENT)
        operation.data.recv_status_on_client.status = code
        operation.data.recv_status_on_client.status_details = details
        operation.data.recv_status_on_client.trailing_metadata = metadata
        return operation
    }

    static func receiveClose(_ cancelled: UnsafeMutablePointer<CInt>) -> grpc_op {
        var operation = grpc_op(GRPC_OP_RECV_CLOSE_ON_SERVER)
        operation.data.recv_close_on_server.cancelled = cancelled
        return operation
    }
}
