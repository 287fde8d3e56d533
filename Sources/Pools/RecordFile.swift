internal import JSON
internal import Syscalls

/// The envelope of every record on disk: one line with format version, length and checksum, then JSON.
///
///     holdfast-record 1 sha256=<64 hex digits> length=<bytes>
///     {"id": …}
///
/// A torn, truncated or flipped record is thereby told from a whole one; a newer version is told from a damaged one.
enum RecordFile {
    static let version = 1
    static let sizeLimit = 1 << 20
    private static let magic = "holdfast-record"

    static func encode(_ json: JSON) -> [UInt8] {
        let body = json.serialized() + [UInt8(ascii: "\n")]
        let head = "\(magic) \(version) sha256=\(sha256(body)) length=\(body.count)\n"
        return Array(head.utf8) + body
    }

    static func decode(_ bytes: [UInt8]) throws(MalformedRecord) -> JSON {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")), end < 256 else {
            throw MalformedRecord(reason: bytes.isEmpty ? "it is empty" : "its first line is not that of a record")
        }
        let words = String(decoding: bytes[..<end], as: UTF8.self).split(separator: " ")
        guard words.count >= 2, words[0] == magic, let found = Int(words[1]) else {
            throw MalformedRecord(reason: "its first line is not that of a record")
        }
        guard found == version else {
            throw MalformedRecord(
                reason:
                    "it has format version \(found) and this program knows \(version): run the version that wrote it")
        }
        let body = Array(bytes[(end + 1)...])
        guard words.count == 4, words[3] == "length=\(body.count)" else {
            throw MalformedRecord(
                reason: "it is cut short or grown: \(words.last ?? "") stands over \(body.count) bytes")
        }
        guard words[2] == "sha256=\(sha256(body))" else {
            throw MalformedRecord(reason: "its checksum does not fit its content")
        }
        do throws(JSONError) {
            return try JSON.parse(body)
        } catch {
            throw MalformedRecord(reason: "\(error)")
        }
    }
}
