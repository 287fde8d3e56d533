internal import Glibc
internal import Testing

@testable internal import Mounts

@Suite("MountOptions")
struct MountOptionsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let flags: [String]
        var readOnly = false
        var attributes: Int32 = 0
        var parameters: [String] = []
        var testDescription: String { "\(flags)\(readOnly ? ", read-only" : "")" }
    }

    static let rows: [Row] = [
        Row(flags: []),
        Row(flags: [], readOnly: true, attributes: MOUNT_ATTR_RDONLY),
        Row(flags: ["defaults"]),
        Row(flags: ["ro"], attributes: MOUNT_ATTR_RDONLY),
        Row(flags: ["ro", "rw"]),
        Row(flags: ["rw", "ro"], attributes: MOUNT_ATTR_RDONLY),
        Row(flags: ["rw"], readOnly: true, attributes: MOUNT_ATTR_RDONLY),
        Row(flags: ["nosuid,nodev", "noexec"], attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC),
        Row(flags: ["nosuid", "suid"]),
        Row(flags: ["suid", "nosuid"], attributes: MOUNT_ATTR_NOSUID),
        Row(flags: ["noexec,exec,nodev,dev"]),
        Row(flags: ["nosymfollow"], attributes: MOUNT_ATTR_NOSYMFOLLOW),
        Row(flags: ["nosymfollow", "symfollow"]),
        Row(flags: ["noatime"], attributes: MOUNT_ATTR_NOATIME),
        Row(flags: ["noatime", "strictatime"], attributes: MOUNT_ATTR_STRICTATIME),
        Row(flags: ["strictatime", "noatime"], attributes: MOUNT_ATTR_NOATIME),
        Row(flags: ["noatime", "relatime"]),
        Row(flags: ["noatime", "atime"]),
        Row(flags: ["nodiratime", "noatime"], attributes: MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOATIME),
        Row(flags: ["nodiratime", "diratime"]),
        Row(flags: ["discard"], parameters: ["discard"]),
        Row(flags: ["commit=5", "discard"], parameters: ["commit=5", "discard"]),
        Row(flags: ["commit=5,commit=7"], parameters: ["commit=5", "commit=7"]),
        Row(flags: ["a=b=c"], parameters: ["a=b=c"]),
        Row(flags: ["a="], parameters: ["a="]),
        Row(flags: [",,ro,"], attributes: MOUNT_ATTR_RDONLY),
        // As kubelet gives a pod's SELinux label: the categories have a comma between them.
        Row(
            flags: ["context=\"system_u:object_r:container_file_t:s0:c85,c634\""],
            parameters: ["context=system_u:object_r:container_file_t:s0:c85,c634"]),
        Row(
            flags: ["noatime,context=\"a:b:c:s0:c1,c2\",discard"], attributes: MOUNT_ATTR_NOATIME,
            parameters: ["context=a:b:c:s0:c1,c2", "discard"]),
        Row(flags: ["context=\"\""], parameters: ["context="]),
    ]

    @Test("what belongs to the mount is told from what the filesystem is told; the later one wins", arguments: rows)
    func table(_ row: Row) throws {
        let options = try MountOptions(row.flags, readOnly: row.readOnly)
        #expect(options.attributes == UInt64(row.attributes))
        #expect(options.isReadOnly == (row.attributes & MOUNT_ATTR_RDONLY != 0))
        #expect(options.parameters.map { $0.key + ($0.value.map { "=\($0)" } ?? "") } == row.parameters)
    }

    @Test(
        "what would change what is mounted, or where, is refused by name",
        arguments: [
            "bind", "rbind", "remount", "move", "loop", "user", "users", "owner", "group", "_netdev", "shared",
            "rshared",
            "slave", "rslave", "private", "rprivate", "unbindable", "runbindable", "source=/dev/sda", "source", "=x",
            "=",
        ])
    func refused(_ option: String) {
        for flags in [[option], ["noatime,\(option)"], ["ro", option]] {
            let error = #expect(throws: MountError.self) { try MountOptions(flags) }
            guard case .refusedOption(option, let reason)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(!reason.isEmpty)
        }
    }

    @Test(
        "control characters and spaces are refused, and do not get into the sentence",
        arguments: ["a\nb", "a\0b", "a b", "\t", "a\u{7f}", "commit=5\u{1b}[2J"])
    func controlCharacters(_ option: String) {
        let error = #expect(throws: MountError.self) { try MountOptions([option]) }
        #expect("\(error!)".unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f })
    }

    @Test("a quotation mark without its other half is refused", arguments: ["context=\"a,b", "\"", "a=\"b\"c\""])
    func openQuotes(_ option: String) {
        let error = #expect(throws: MountError.self) { try MountOptions(["noatime", option]) }
        #expect("\(error!)".contains("quotation mark"))
    }

    @Test("a filesystem's refusal is asked for its own options, and given as the reason")
    func refusal() throws {
        let refusal: (String) -> String? = { $0.hasPrefix("journal_path") ? "it names a file of the host" : nil }
        let error = #expect(throws: MountError.self) {
            try MountOptions(["noatime", "journal_path=/etc/passwd"], refusal: refusal)
        }
        #expect(
            "\(error!)" == "the mount option journal_path=/etc/passwd is refused: it names a file of the host")
        #expect(try MountOptions(["commit=5"], refusal: refusal).parameters.count == 1)
    }
}
