internal import CSI
internal import Testing

@Suite("Bytes that are not a message are refused")
struct RefusalTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let bytes: [UInt8]
        let field: String?
        let reason: String

        init(_ label: String, _ bytes: [UInt8], field: String?, _ reason: String) {
            testDescription = label
            self.bytes = bytes
            self.field = field
            self.reason = reason
        }
    }

    private static let notUTF8: [UInt8] = [0x61, 0xff]
    private static let secretsWithNUL: [UInt8] = .field(5, .field(1, "key") + .field(2, "top\0secret"))

    @Test(
        "with a sentence",
        arguments: [
            Row("NUL in a string", .field(1, "vol\0ume"), field: "volume_id", "holds a NUL byte"),
            Row("NUL at a string's end", .field(1, "volume\0"), field: "volume_id", "holds a NUL byte"),
            Row("NUL in a map's key", .field(2, .field(1, "\0")), field: "publish_context.key", "holds a NUL byte"),
            Row("NUL in a secret", secretsWithNUL, field: "secrets.value", "holds a NUL byte"),
            Row(
                "NUL in a repeated string", .field(4, .field(2, .field(2, "ro") + .field(2, "\0"))),
                field: "volume_capability.mount.mount_flags", "holds a NUL byte"),
            Row("a byte that UTF-8 has not", .field(1, notUTF8), field: "volume_id", "is not valid UTF-8"),
            Row("an overlong form", .field(3, [0xc0, 0x80]), field: "staging_target_path", "is not valid UTF-8"),
            Row("a surrogate", .field(3, [0xed, 0xa0, 0x80]), field: "staging_target_path", "is not valid UTF-8"),
            Row("a character cut short", .field(3, [0xe2, 0x82]), field: "staging_target_path", "is not valid UTF-8"),
            Row(
                "no UTF-8, three messages deep", .field(4, .field(2, .field(1, notUTF8))),
                field: "volume_capability.mount.fs_type", "is not valid UTF-8"),
            Row("a length past the end", [0x0a, 0x05, 0x61], field: "volume_id", "is truncated"),
            Row("a length of 2^64 - 1", [0x0a] + .maximum, field: "volume_id", "is truncated"),
            Row("a length of 2^63 - 1", [0x0a] + .maximum.dropLast(2) + [0x7f], field: "volume_id", "is truncated"),
            Row("an unknown field's length past the end", [0x7a, 0x05], field: nil, "is truncated"),
            Row(
                "a sub-message's field past its end", .field(4, [0x1a, 0x02]) + [8, 1],
                field: "volume_capability.access_mode", "is truncated"),
            Row("field number 0", [0x02, 0x00], field: nil, "holds a field number that does not exist"),
            Row(
                "field number 2^32 - 1", [0xf8, 0xff, 0xff, 0xff, 0x7f, 0], field: nil,
                "holds a field number that does not exist"),
            Row("a group", [0x7b, 0x7c], field: nil, "holds a field of a wire type that proto3 does not have"),
            Row("an integer for a string", [0x08, 0x01], field: "volume_id", "is of another type on the wire"),
            Row(
                "an integer without end", [0x78] + .maximum.dropLast() + [0xff, 0], field: nil,
                "holds an integer of more than ten bytes"),
            Row(
                "a sub-message in two pieces", .field(4, []) + .field(4, []), field: "volume_capability",
                "is given twice"),
            Row(
                "a field number of ten bytes", [0x8a] + [UInt8](repeating: 0x80, count: 8) + [0, 0], field: nil,
                "is not a valid encoding"),
        ])
    func refused(row: Row) {
        let error = #expect(throws: WireError.self) { try NodeStageVolumeRequest(wire: row.bytes) }
        #expect(error?.message == "csi.v1.NodeStageVolumeRequest")
        #expect(error?.field == row.field)
        #expect(error?.reason == row.reason)
    }

    @Test("which names the field and the message")
    func description() {
        let error = #expect(throws: WireError.self) { try NodeStageVolumeRequest(wire: Self.secretsWithNUL) }
        #expect(error?.description == "field secrets.value of csi.v1.NodeStageVolumeRequest holds a NUL byte")
        let groups = #expect(throws: WireError.self) { try ProbeRequest(wire: [0x0b, 0x0c]) }
        #expect(
            groups?.description == "csi.v1.ProbeRequest holds a field of a wire type that proto3 does not have")
    }
}

extension [UInt8] {
    /// The largest integer there is.
    fileprivate static let maximum = [UInt8](repeating: 0xff, count: 9) + [0x01]
}
