/// What a client may do with a volume at one target: CSI's single-node access modes.
public enum AccessMode: String, Sendable, CaseIterable {
    /// SINGLE_NODE_WRITER: how both ReadWriteOnce and ReadWriteOncePod arrive at a driver of the older capability.
    case writer = "SINGLE_NODE_WRITER"
    case reader = "SINGLE_NODE_READER_ONLY"
    /// ReadWriteOncePod.
    case singleWriter = "SINGLE_NODE_SINGLE_WRITER"
    /// ReadWriteOnce.
    case multiWriter = "SINGLE_NODE_MULTI_WRITER"

    public var mayWrite: Bool { self != .reader }
}
