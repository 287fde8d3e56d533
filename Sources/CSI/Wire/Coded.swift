internal import CWire

/// Makes a struct of protobuf-c's empty: each of its fields as if it were absent from the wire.
typealias Blank<Compiled> = (UnsafeMutablePointer<Compiled>?) -> Void

/// A message that is coded by way of the struct that protoc-c compiled for it.
protocol Coded: WireMessage {
    associatedtype Compiled

    /// The compiled struct's own initialiser.
    static var blank: Blank<Compiled> { get }

    /// Copies everything out of the compiled struct, which is gone afterwards.
    init(_ c: Compiled)

    /// Copies everything into a blank struct. What that points to has to stay in the arena.
    func fill(_ c: inout Compiled, in arena: Arena)
}

/// A message without fields.
protocol CodedEmpty: Coded {
    init()
}

extension CodedEmpty {
    init(_ c: Compiled) { self.init() }

    func fill(_ c: inout Compiled, in arena: Arena) {}
}

extension Coded {
    /// Only a struct's initialiser knows the address of its descriptor: Swift would copy the C constant.
    static var descriptor: UnsafePointer<ProtobufCMessageDescriptor> {
        withUnsafeTemporaryAllocation(of: Compiled.self, capacity: 1) { compiled in
            blank(compiled.baseAddress)
            return UnsafeRawPointer(compiled.baseAddress!).load(as: ProtobufCMessage.self).descriptor
        }
    }

    public static var fullName: String { String(cString: descriptor.pointee.name) }

    public init(wire bytes: [UInt8]) throws(WireError) {
        let descriptor = Self.descriptor
        let decoded: Result<Self, WireFault> = bytes.withUnsafeBufferPointer { bytes in
            do throws(WireFault) {
                try WireScan.check(bytes, as: descriptor)
                return .success(try Self(scanned: bytes, as: descriptor))
            } catch {
                return .failure(error)
            }
        }
        switch decoded {
        case .success(let message): self = message
        case .failure(let fault): throw fault.error(in: Self.fullName)
        }
    }

    private init(
        scanned bytes: UnsafeBufferPointer<UInt8>, as descriptor: UnsafePointer<ProtobufCMessageDescriptor>
    ) throws(WireFault) {
        let arena = Arena(capacity: 256 + 4 * bytes.count)
        defer { withExtendedLifetime(arena) {} }
        var allocator = arena.allocator
        guard let message = protobuf_c_message_unpack(descriptor, &allocator, bytes.count, bytes.baseAddress) else {
            throw WireFault("is not a valid encoding")
        }
        self.init(UnsafeRawPointer(message).assumingMemoryBound(to: Compiled.self).pointee)
    }

    public func wireBytes() -> [UInt8] {
        let arena = Arena(capacity: 1024)
        defer { withExtendedLifetime(arena) {} }
        let message = UnsafeRawPointer(arena.compiled(self)).assumingMemoryBound(to: ProtobufCMessage.self)
        return [UInt8](unsafeUninitializedCapacity: protobuf_c_message_get_packed_size(message)) { bytes, count in
            count = protobuf_c_message_pack(message, bytes.baseAddress)
        }
    }
}
