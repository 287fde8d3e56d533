public import Processes
public import Syscalls

/// Why a filesystem could not be made, checked, grown or given another UUID.
public enum FilesystemError: Error, Sendable, CustomStringConvertible {
    case tool(ToolError)
    case formatFailed(type: String, device: String, ending: String, output: String)
    /// The client's options for mkfs hold one that it may not give.
    case refusedFormatOption(option: String, reason: String)
    /// The check found errors that it may not correct by itself, or could not run to its end.
    case checkRefused(type: String, device: String, meaning: String, output: String)
    /// The device is in use, so its filesystem is left alone: to check or to change a mounted one destroys it.
    case inUse(device: String)
    case cannotGrow(type: String, path: String, reason: String)
    /// The filesystem of a copy did not get its own UUID, so it is not mounted beside its source.
    case renewalFailed(type: String, device: String, reason: String)
    case system(SystemError)

    public var description: String {
        switch self {
        case .tool(let error): "\(error)"
        case .formatFailed(let type, let device, let ending, let output):
            "making \(type) on \(device) failed with \(ending): \(output)"
        case .refusedFormatOption(let option, let reason): "the format option '\(option)' is refused: \(reason)"
        case .checkRefused(let type, let device, let meaning, let output):
            "the \(type) on \(device) was not mounted because its check ended with \(meaning): \(output); "
                + "nothing was forced: repair it by hand, or restore it from a backup"
        case .inUse(let device):
            "\(device) is in use, so its filesystem is neither checked nor changed; unmount it everywhere and try again"
        case .cannotGrow(let type, let path, let reason):
            "the \(type) at \(path) cannot grow while it is mounted: \(reason)"
        case .renewalFailed(let type, let device, let reason):
            "the \(type) on \(device) did not get its own UUID: \(reason); it was not mounted"
        case .system(let error): "\(error)"
        }
    }
}

/// Takes a failed system call for a failure of the filesystem's affairs.
func system<Value: ~Copyable>(
    _ step: @autoclosure () throws(SystemError) -> Value
) throws(FilesystemError) -> Value {
    do throws(SystemError) { return try step() } catch { throw .system(error) }
}
