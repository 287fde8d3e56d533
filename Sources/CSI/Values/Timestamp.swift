internal import CWire

/// A moment in UTC.
public struct Timestamp: WireMessage {
    /// Since 1970-01-01T00:00:00Z.
    public var seconds: Int64

    /// Nanoseconds after `seconds`, from 0 to 999,999,999.
    public var nanos: Int32

    public init(seconds: Int64 = 0, nanos: Int32 = 0) {
        self.seconds = seconds
        self.nanos = nanos
    }
}

extension Timestamp: Coded {
    static var blank: Blank<Google__Protobuf__Timestamp> { google__protobuf__timestamp__init }

    init(_ c: Google__Protobuf__Timestamp) {
        seconds = c.seconds
        nanos = c.nanos
    }

    func fill(_ c: inout Google__Protobuf__Timestamp, in arena: Arena) {
        c.seconds = seconds
        c.nanos = nanos
    }
}
