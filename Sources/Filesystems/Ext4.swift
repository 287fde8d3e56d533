internal import Devices
internal import Processes

/// ext4, by e2fsprogs.
struct Ext4: Filesystem {
    let name = "ext4"

    /// Below 2,048 blocks of 1 KiB mke2fs leaves out the journal (mke2fs(8)), and a volume without one is not crash-safe.
    let minimumSize: Int64 = 8 << 20

    let refusedMountOptions = [
        "journal_dev": "it names another device",
        "journal_path": "it names a file of the host",
        "errors=panic": "one volume's error must not stop the host",
    ]

    /// `-m 0`: a volume has no root user to reserve blocks for. `nodiscard`: a thick volume would lose its allocation,
    /// and a fresh image has nothing to discard. `remount-ro`: an error found in its structures stops all writing.
    /// `lazy_journal_init` leaves out zeroing the journal, which on zeros would do nothing but take space from a thin pool.
    func format(_ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool) throws(FilesystemError) {
        let device = blank.path
        let extended = onZeros ? "nodiscard,lazy_journal_init=1" : "nodiscard"
        try runFormat(
            "mkfs.ext4",
            ["-q", "-F", "-m", "0", "-e", "remount-ro", "-E", extended, "-U", "\(uuid)", device], device: device)
    }

    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome {
        let result: ToolResult
        do throws(ToolError) {
            result = try Tool.run(
                "e2fsck", (mode == .force ? ["-f"] : []) + ["-p", device], seconds: CheckExit.limitSeconds)
        } catch {
            throw .tool(error)
        }
        guard let status = result.status else {
            throw .checkRefused(type: name, device: device, meaning: result.ending, output: result.summary)
        }
        let exit = CheckExit(rawValue: status)
        if exit.forbidsMount {
            throw .checkRefused(type: name, device: device, meaning: exit.description, output: result.summary)
        }
        return exit.contains(.corrected) ? .corrected(result.summary) : .clean
    }
}

/// The exit status of fsck(8), which is a sum of bits and never a plain number: 5 is 'corrected some, left some'.
public struct CheckExit: OptionSet, Sendable, CustomStringConvertible {
    public let rawValue: Int32

    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let corrected = CheckExit(rawValue: 1)
    public static let rebootNeeded = CheckExit(rawValue: 2)
    public static let uncorrected = CheckExit(rawValue: 4)
    public static let operationalError = CheckExit(rawValue: 8)
    public static let usageError = CheckExit(rawValue: 16)
    public static let cancelled = CheckExit(rawValue: 32)
    public static let libraryError = CheckExit(rawValue: 128)

    /// A check of a large and damaged filesystem takes hours; one that takes a day is not going to end.
    static let limitSeconds: Double = 24 * 3_600

    /// Everything but 'corrected' and 'reboot' leaves the filesystem in doubt; so does a bit that nobody has defined.
    public var forbidsMount: Bool { !isSubset(of: [.corrected, .rebootNeeded]) }

    public var description: String {
        let names: [(CheckExit, String)] = [
            (.corrected, "errors corrected"), (.rebootNeeded, "reboot needed"),
            (.uncorrected, "errors left uncorrected"), (.operationalError, "operational error"),
            (.usageError, "usage error"), (.cancelled, "cancelled"), (.libraryError, "shared library error"),
        ]
        let set = names.filter { contains($0.0) }.map(\.1)
        return "exit status \(rawValue)\(set.isEmpty ? "" : " (\(set.joined(separator: ", ")))")"
    }
}
