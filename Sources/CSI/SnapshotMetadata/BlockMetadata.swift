internal import CWire

/// A range of a snapshot's blocks.
public struct BlockMetadata: WireMessage {
    /// Bytes from the volume's start.
    public var byteOffset: Int64

    /// Bytes, more than 0.
    public var sizeBytes: Int64

    public init(byteOffset: Int64 = 0, sizeBytes: Int64 = 0) {
        self.byteOffset = byteOffset
        self.sizeBytes = sizeBytes
    }
}

/// How a stream's ranges are measured.
public enum BlockMetadataType: OpenEnum {
    case unknown
    /// Every range has the same size.
    case fixedLength
    /// Ranges differ in size.
    case variableLength
    /// A number that CSI 1.12 does not name.
    case unrecognized(Int32)

    public init(rawValue: Int32) {
        self =
            switch rawValue {
            case 0: .unknown
            case 1: .fixedLength
            case 2: .variableLength
            default: .unrecognized(rawValue)
            }
    }

    public var rawValue: Int32 {
        switch self {
        case .unknown: 0
        case .fixedLength: 1
        case .variableLength: 2
        case .unrecognized(let number): number
        }
    }

    public var description: String { name(of: rawValue, in: csi__v1__block_metadata_type__descriptor) }
}

extension BlockMetadata: Coded {
    static var blank: Blank<Csi__V1__BlockMetadata> { csi__v1__block_metadata__init }

    init(_ c: Csi__V1__BlockMetadata) {
        byteOffset = c.byte_offset
        sizeBytes = c.size_bytes
    }

    func fill(_ c: inout Csi__V1__BlockMetadata, in arena: Arena) {
        c.byte_offset = byteOffset
        c.size_bytes = sizeBytes
    }
}
