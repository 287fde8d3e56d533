internal import CSI
internal import RPC
internal import Testing

/// A capacity range for a raw block volume of 4 MiB, and the size that it leads to, or the refusal.
struct ExpandRow: Sendable, CustomTestStringConvertible {
    let label: String
    let range: CapacityRange?
    var size: Int64?
    var code = StatusCode.ok
    var words: [String] = []

    var testDescription: String { label }

    static let all: [ExpandRow] = [
        good("the size that it has", 4 * mebibyte, 0, 4 * mebibyte),
        good("less than it has", mebibyte, 0, 4 * mebibyte),
        good("less than it has, with a limit that it just meets", mebibyte, 4 * mebibyte, 4 * mebibyte),
        good("a limit alone", 0, 8 * mebibyte, 4 * mebibyte),
        good("no whole page", 5 * mebibyte + 1, 0, 5 * mebibyte + 4_096),
        good("no whole page within the limit: a sector", 5 * mebibyte + 1, 5 * mebibyte + 600, 5 * mebibyte + 512),
        good("exactly that", 5 * mebibyte, 5 * mebibyte, 5 * mebibyte),
        ExpandRow(label: "no range", range: nil, code: .invalidArgument, words: ["capacity_range"]),
        bad("a limit below its size", 0, 2 * mebibyte, .outOfRange, "\(4 * mebibyte)", "shrink"),
        bad("a limit below what is required", 8 * mebibyte, 6 * mebibyte, .outOfRange, "\(6 * mebibyte)"),
        bad("less than a sector between them", 5 * mebibyte + 1, 5 * mebibyte + 2, .outOfRange, "512"),
        bad("a negative requirement", -1, 0, .invalidArgument, "required_bytes"),
        bad("a negative limit", 0, -1, .invalidArgument, "limit_bytes"),
        bad("more than any number", .max, 0, .outOfRange, "\(Int64.max)"),
        bad("more than any file can have", 1 << 60, 0, .outOfRange, "\(1 << 60)"),
    ]

    private static func good(_ label: String, _ required: Int64, _ limit: Int64, _ size: Int64) -> ExpandRow {
        ExpandRow(label: label, range: .init(requiredBytes: required, limitBytes: limit), size: size)
    }

    private static func bad(
        _ label: String, _ required: Int64, _ limit: Int64, _ code: StatusCode, _ words: String...
    ) -> ExpandRow {
        ExpandRow(label: label, range: .init(requiredBytes: required, limitBytes: limit), code: code, words: words)
    }
}

/// What is wrong with a request to grow a published ext4 volume of 16 MiB.
struct BadExpand: Sendable, CustomTestStringConvertible {
    typealias Change = @Sendable (inout ControllerExpandVolumeRequest, inout NodeExpandVolumeRequest) -> Void

    let label: String
    let code: StatusCode
    let words: [String]
    /// Whether it is wrong for both calls.
    let isForController: Bool
    let change: Change

    var testDescription: String { label }

    private static func both(
        _ label: String, _ code: StatusCode, _ words: String..., change: @escaping Change
    ) -> BadExpand {
        BadExpand(label: label, code: code, words: words, isForController: true, change: change)
    }

    private static func node(
        _ label: String, _ code: StatusCode, _ words: String...,
        change: @escaping @Sendable (inout NodeExpandVolumeRequest) -> Void
    ) -> BadExpand {
        BadExpand(label: label, code: code, words: words, isForController: false) { change(&$1) }
    }

    static let all: [BadExpand] = [
        both("no volume", .invalidArgument, "volume_id") { ($0.volumeID, $1.volumeID) = ("", "") },
        both("an unknown volume", .notFound, "hf-x") { ($0.volumeID, $1.volumeID) = ("hf-x", "hf-x") },
        both("a raw block capability", .invalidArgument, "block") {
            ($0.volumeCapability, $1.volumeCapability) = (.block(), .block())
        },
        both("a capability with another filesystem", .invalidArgument, "ext4", "xfs") {
            ($0.volumeCapability, $1.volumeCapability) = (.mount("xfs"), .mount("xfs"))
        },
        both("a limit below its size", .outOfRange, "shrink") {
            ($0.capacityRange, $1.capacityRange) = (.init(limitBytes: mebibyte), .init(limitBytes: mebibyte))
        },
        both("a negative size", .invalidArgument, "required_bytes") {
            ($0.capacityRange, $1.capacityRange) = (.init(requiredBytes: -1), .init(requiredBytes: -1))
        },
        node("no path", .invalidArgument, "volume_path") { $0.volumePath = "" },
        node("a path that does not exist", .notFound, "missing") { $0.volumePath += "/missing" },
        node("a path in a folder that does not exist", .notFound, "no/such") { $0.volumePath += "/no/such" },
        node("a relative path", .notFound, "some/path") { $0.volumePath = "some/path" },
        node("a path outside of the kubelet folder", .notFound, "/etc") { $0.volumePath = "/etc" },
        node("a folder where it is not mounted", .notFound, "lost+found") { $0.volumePath += "/lost+found" },
    ]
}
