public import Devices
internal import Processes
public import Syscalls

/// How eagerly a filesystem is checked before it is mounted read-write (StorageClass parameter `fsck`).
public enum CheckMode: String, Sendable, CaseIterable {
    /// The tool decides by the superblock: a clean filesystem costs one process start.
    case auto
    /// Every structure is read, however clean the superblock says it is.
    case force
    case off
}

/// What a check did.
public enum CheckOutcome: Sendable, Equatable {
    case clean
    /// Errors were found and corrected; the tool's own words.
    case corrected(String)
    /// The check is left to the mount, or was switched off.
    case notRun
}

/// One kind of filesystem. A new kind is a file beside this one, a line in `Catalog.swift` and a row in the tests.
///
/// Everything here blocks and belongs on a host thread.
public protocol Filesystem: Sendable {
    /// The kernel's and libblkid's name, and the value of `csi.storage.k8s.io/fstype`.
    var name: String { get }

    /// The smallest volume, in bytes, that the filesystem's own tool accepts with its defaults.
    var minimumSize: Int64 { get }

    /// The least size in bytes that a filesystem which holds data already can be grown to.
    var smallestGrownSize: Int64 { get }

    /// Options that a client may not mount with, each with the reason.
    var refusedMountOptions: [String: String] { get }

    /// The options that a client may give to the format tool.
    var formatRules: [FormatRule] { get }

    /// Reasons against format options that a client may well try, by the option. What `formatOptions` lets through is
    /// said by the rules alone.
    var refusedFormatOptions: [String: String] { get }

    /// Makes the filesystem with that UUID. The proof of blankness is used up, whether or not the tool succeeds.
    ///
    /// `onZeros` says that the device was never written, so that every byte of it reads zero and need not be zeroed.
    func format(
        _ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool, options: FormatOptions
    ) throws(FilesystemError)

    /// Checks an unmounted device and corrects what is safe to correct.
    ///
    /// Never called on a mounted device: `Filesystems.check` sees to that.
    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome

    /// How many bytes of `device` the filesystem takes that is mounted from it, by its own count. `mounted` is any
    /// directory of the mount, opened for reading; `path` names the mount in errors.
    func size(of mounted: borrowing Descriptor, _ path: String, on device: String) throws(FilesystemError) -> Int64

    /// Grows a filesystem that is mounted writable to the `size` of its device in bytes, by the kernel, while it is used.
    /// One that is that large already is left alone, and none ever shrinks.
    func grow(
        _ mounted: borrowing Descriptor, _ path: String, on device: String, to size: Int64
    ) throws(FilesystemError)

    /// Whether this process may not have the kernel grow it mounted, so that a tool does so before. A filesystem whose tool
    /// is cut off may need `mendGrowth`.
    var growsUnmounted: Bool { get }

    /// Grows a filesystem that is not mounted, and has just been checked by force, to the end of its device by a tool.
    func growUnmounted(on device: String) throws(FilesystemError)

    /// Refuses what `growUnmounted` would refuse before it has written anything.
    func requireGrowable(on device: String) throws(FilesystemError)

    /// Makes a filesystem whole again whose `growUnmounted` may have been cut off anywhere, by a power cut too. Its size is
    /// then the old one or the new one.
    func mendGrowth(on device: String) throws(FilesystemError) -> CheckOutcome

    /// Gives the filesystem on an unmounted device another UUID, and finishes what an interrupted try has left.
    ///
    /// Called by `renewUUID`, which sees to it that the device holds one filesystem, with the one or the other UUID, and
    /// reads afterwards what was reached. A filesystem with the old UUID may be mounted from another device.
    func setUUID(on device: String, from old: UUID, to new: UUID) throws(FilesystemError)

    /// What is wrong with a mounted filesystem, a sentence each, as sysfs tells it: nothing here waits for a device.
    /// `device` is the kernel's name of it, such as `loop3`.
    func troubles(device: String, uuid: UUID) -> [String]

    /// Whether the kernel has given the filesystem up: every call on it is an I/O error until it is mounted anew. Any
    /// descriptor will do, an O_PATH one too.
    func isShutDown(_ mounted: borrowing Descriptor) -> Bool

    /// Files of sysfs that hold a read-ahead in KiB of the mounted filesystem, beside its device's own.
    func readAheadFiles(uuid: UUID) -> [String]
}

extension Filesystem {
    /// Makes the filesystem with our own options alone.
    public func format(_ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool) throws(FilesystemError) {
        try format(blank, uuid: uuid, onZeros: onZeros, options: .none)
    }

    /// Makes the filesystem on a device of which nothing more is known than that it is blank.
    public func format(_ blank: consuming BlankDevice, uuid: UUID) throws(FilesystemError) {
        try format(blank, uuid: uuid, onZeros: false, options: .none)
    }

    public var growsUnmounted: Bool { false }

    public func growUnmounted(on device: String) throws(FilesystemError) {}

    public func requireGrowable(on device: String) throws(FilesystemError) {}

    public func mendGrowth(on device: String) throws(FilesystemError) -> CheckOutcome { .notRun }

    public func isShutDown(_ mounted: borrowing Descriptor) -> Bool { false }

    public var smallestGrownSize: Int64 { minimumSize }

    public func readAheadFiles(uuid: UUID) -> [String] { [] }

    /// What is wrong with a mounted filesystem, a sentence each; nothing when all is well. Nothing here waits for a device.
    public func troubles(device: String, uuid: UUID, mounted: borrowing Descriptor) -> [String] {
        let shutDown =
            isShutDown(mounted)
            ? ["the \(name) on \(device) was shut down by the kernel after an error; mount it anew"] : []
        return shutDown + troubles(device: device, uuid: uuid)
    }

    /// Options that name another device or a host file, or that let one volume stop the host.
    public func refusal(ofMountOption option: String) -> String? {
        let key = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
        return refusedMountOptions[option] ?? key.flatMap { refusedMountOptions[$0] }
    }

    /// Runs the format tool and reads its exit status.
    func runFormat(
        _ tool: String, _ arguments: [String], device: String, seeing view: ToolView = .everything
    ) throws(FilesystemError) {
        let result: ToolResult
        do throws(ToolError) {
            result = try Tool.run(tool, arguments, seconds: FormatLimit.seconds, seeing: view)
        } catch {
            throw .tool(error)
        }
        guard result.status == 0 else {
            throw .formatFailed(type: name, device: device, ending: result.ending, output: result.summary)
        }
    }
}

/// mkfs of any of our kinds writes metadata alone; ten minutes are a hung device, not a large one.
enum FormatLimit {
    static let seconds: Double = 600
}

extension ToolResult {
    /// How the tool ended, as words.
    var ending: String {
        if let status { return "exit status \(status)" }
        return "signal \(signal ?? 0)"
    }
}
