public import Processes
public import Syscalls

/// Why a filesystem could not be made or checked.
public enum FilesystemError: Error, Sendable, CustomStringConvertible {
    case tool(ToolError)
    case formatFailed(type: String, device: String, ending: String, output: String)
    /// The check found errors that it may not correct by itself, or could not run to its end.
    case checkRefused(type: String, device: String, meaning: String, output: String)
    /// The device is in use, so it is not checked: checking a mounted filesystem destroys it.
    case inUse(device: String)
    case system(SystemError)

    public var description: String {
        switch self {
        case .tool(let error): "\(error)"
        case .formatFailed(let type, let device, let ending, let output):
            "making \(type) on \(device) failed with \(ending): \(output)"
        case .checkRefused(let type, let device, let meaning, let output):
            "the \(type) on \(device) was not mounted because its check ended with \(meaning): \(output); "
                + "nothing was forced: repair it by hand, or restore it from a backup"
        case .inUse(let device):
            "\(device) is in use, so its filesystem is not checked; unmount it everywhere and try again"
        case .system(let error): "\(error)"
        }
    }
}
