internal import Devices
internal import JSON
internal import Testing

@testable internal import Pools

@Suite("Record file")
struct RecordFileTests {
    private static let json: JSON = ["id": "a", "size": 17]
    private static let whole = RecordFile.encode(json)

    private func reason(_ bytes: [UInt8]) -> String? {
        do throws(MalformedRecord) {
            _ = try RecordFile.decode(bytes)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("is read as it was written")
    func roundTrip() throws {
        #expect(try RecordFile.decode(Self.whole) == Self.json)
        #expect(String(decoding: Self.whole, as: UTF8.self).hasPrefix("holdfast-record 1 sha256="))
    }

    @Test("cut off after any byte it is damaged", arguments: 0..<RecordFileTests.whole.count)
    func truncated(_ length: Int) {
        #expect(reason(Array(Self.whole[..<length])) != nil)
    }

    @Test("with any bit of any byte flipped it is damaged", arguments: 0..<RecordFileTests.whole.count)
    func flipped(_ position: Int) {
        for bit in 0..<8 {
            var bytes = Self.whole
            bytes[position] ^= 1 << bit
            #expect(reason(bytes) != nil, "bit \(bit)")
        }
    }

    @Test(
        "torn at any byte, with zeros or an older record's bytes behind, it is damaged",
        arguments: 0..<RecordFileTests.whole.count)
    func torn(_ length: Int) {
        let zeros = [UInt8](repeating: 0, count: Self.whole.count - length)
        #expect(reason(Array(Self.whole[..<length]) + zeros) != nil)
        let older = RecordFile.encode(["id": "b", "size": 16])
        #expect(older.count == Self.whole.count)
        let mixed = Array(Self.whole[..<length]) + older[length...]
        if mixed != older && mixed != Self.whole { #expect(reason(mixed) != nil) }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        let bytes: [UInt8]
        let word: String
        var testDescription: String { label }
    }

    @Test(
        "says what is wrong",
        arguments: [
            Row(label: "empty", bytes: [], word: "empty"),
            Row(label: "zeros", bytes: [UInt8](repeating: 0, count: 4_096), word: "first line"),
            Row(label: "something else", bytes: Array("hello\n{}\n".utf8), word: "first line"),
            Row(label: "a first line without end", bytes: [UInt8](repeating: 65, count: 10_000), word: "first line"),
            Row(
                label: "a newer version", bytes: Array("holdfast-record 2 blake3=00 compressed\nxyz".utf8),
                word: "format version 2"),
            Row(label: "grown by a byte", bytes: RecordFileTests.whole + [10], word: "grown"),
            Row(label: "without its last byte", bytes: Array(RecordFileTests.whole.dropLast()), word: "cut short"),
        ])
    func reasons(_ row: Row) {
        #expect(reason(row.bytes)?.contains(row.word) == true, "\(reason(row.bytes) ?? "accepted")")
    }
}

@Suite("Volume record")
struct VolumeRecordTests {
    private static let pool = UUID("3b0a9b8e-6a53-4a0e-9c55-7a1c3a1f2d10")!

    private static func record(_ access: VolumeAccess, _ format: FormatState) -> VolumeRecord {
        VolumeRecord(
            id: VolumeID(pool: pool, name: "a"), name: "a\n\"ü\u{0}", pool: pool, incarnation: "0f", size: .max,
            access: access,
            provisioning: .thick, parameters: ["a": "", "": "b"], claim: ["k": "v"], created: -1, format: format,
            attachments: [
                Attachment(node: "n1", isReadOnly: true, mode: "x"),
                Attachment(node: "n2", isReadOnly: false, mode: "y"),
            ])
    }

    @Test(
        "every field is read as it was written", arguments: [VolumeAccess.block, .mount(filesystem: "xfs")],
        [FormatState.never, .formatting(pool, type: "ext4"), .formatted(pool, type: "btrfs")])
    func roundTrip(_ access: VolumeAccess, _ format: FormatState) throws {
        let record = Self.record(access, format)
        #expect(try VolumeRecord(try RecordFile.decode(RecordFile.encode(record.json))) == record)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let field: String
        /// Nil takes the field away.
        let value: JSON?
        var testDescription: String { "\(field): \(value.map { "\($0)" } ?? "missing")" }
    }

    @Test(
        "a field that is missing or not understood is damage, never a guess",
        arguments: [
            Row(field: "id", value: nil), Row(field: "id", value: "../../etc/passwd"), Row(field: "id", value: 1),
            Row(field: "name", value: nil), Row(field: "pool", value: "x"), Row(field: "pool", value: nil),
            Row(field: "incarnation", value: nil), Row(field: "size", value: nil), Row(field: "size", value: 0),
            Row(field: "size", value: -1), Row(field: "size", value: "1"), Row(field: "access", value: nil),
            Row(field: "access", value: "tape"), Row(field: "filesystem", value: nil),
            Row(field: "provisioning", value: "fat"), Row(field: "provisioning", value: nil),
            Row(field: "format", value: nil), Row(field: "format", value: ["state": "maybe"]),
            Row(field: "format", value: ["state": "formatted", "type": "ext4"]),
            Row(field: "format", value: ["state": "formatting", "uuid": "x", "type": "ext4"]),
            Row(field: "format", value: "never"), Row(field: "parameters", value: ["a": 1]),
            Row(field: "claim", value: ["a": ["b"]]), Row(field: "attachments", value: [["node": "n"]]),
            Row(field: "attachments", value: ["n"]),
        ])
    func malformed(_ row: Row) throws {
        let whole = Self.record(.mount(filesystem: "ext4"), .never).json
        var object = try #require(whole.object)
        object[row.field] = row.value
        #expect(throws: MalformedRecord.self) { try VolumeRecord(.object(object)) }
    }
}

@Suite("Volume id")
struct VolumeIDTests {
    @Test("depends on pool and name alone, and fits everywhere")
    func identity() {
        let one = UUID.random()
        let two = UUID.random()
        let id = VolumeID(pool: one, name: "a")
        #expect(id == VolumeID(pool: one, name: "a"))
        #expect(id != VolumeID(pool: one, name: "b"))
        #expect(id != VolumeID(pool: two, name: "a"))
        #expect(VolumeID(pool: one, name: "a\nb") != VolumeID(pool: one, name: "a"))
        for name in ["", "a", String(repeating: "体", count: 128), "../../x", "a\0b"] {
            let id = VolumeID(pool: one, name: name)
            #expect(id.text.utf8.count == 43)
            #expect(VolumeID(id.text) == id)
        }
    }

    @Test(
        "what a client sends is one of ours or nothing",
        arguments: [
            "", "hf-", "hf-0123", "hf-" + String(repeating: "0", count: 39), "hf-" + String(repeating: "0", count: 41),
            "hf-" + String(repeating: "G", count: 40), "hf-" + String(repeating: "A", count: 40),
            "xx-" + String(repeating: "0", count: 40), "hf-../" + String(repeating: "0", count: 37),
            "hf-" + String(repeating: "０", count: 40), " hf-" + String(repeating: "0", count: 40),
            "hf-" + String(repeating: "0", count: 39) + "\n",
        ])
    func refused(_ text: String) {
        #expect(VolumeID(text) == nil)
    }

    @Test(
        "sha256 is that of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func digest(text: String, expected: String) {
        #expect(sha256(Array(text.utf8)) == expected)
    }
}
