/// As much of HTTP/2 (RFC 9113) as a rude client needs.
public enum HTTP2 {
    public static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    public static let settings = frame(4, flags: 0, stream: 0, [])

    public static func frame(_ type: UInt8, flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        let length = payload.count
        return [UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), type, flags, 0, 0, 0, stream]
            + payload
    }

    /// The headers of a gRPC call, each a literal without indexing (RFC 7541, 6.2.2).
    public static func headers(of path: String, ends: Bool) -> [UInt8] {
        let fields = [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("te", "trailers"), ("content-type", "application/grpc"),
        ]
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8)
            block += [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return frame(1, flags: ends ? 5 : 4, stream: 1, block)
    }

    /// What stands before a gRPC message of that many bytes: that it is not compressed, and its length.
    public static func message(length: Int) -> [UInt8] {
        [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
    }
}
