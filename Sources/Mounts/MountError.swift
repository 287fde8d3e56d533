internal import Glibc
public import Syscalls

/// Why a path could not be used, or a mount could not be made, read or undone.
public enum MountError: Error, Sendable, CustomStringConvertible {
    case system(SystemError)
    /// The path is not one that this node serves. Nothing was touched.
    case badPath(path: String, reason: String)
    /// A component of the path does not exist.
    case missingPath(path: String)
    /// A mount option that is not for clients, or not known.
    case refusedOption(option: String, reason: String)
    /// The kernel refused the filesystem, in its own words.
    case refusedByKernel(type: String, device: String, words: String, code: Int32)
    /// Open files, a working directory or a mount beneath keep it.
    case busy(path: String)
    /// The entry at the path is not what a mount point of ours looks like.
    case notOurs(path: String, found: String)
    /// What stands at the path has become something else between the look at it and its use. Nothing was mounted.
    case changed(path: String)

    /// The failure of a system call on an entry that was looked at before: when there is no such entry any more, or one of
    /// another kind, somebody has exchanged it.
    static func onEntry(_ operation: String, _ path: String, _ code: Int32) -> MountError {
        switch code {
        case ENOENT, ENOTDIR, ELOOP: .changed(path: path)
        default: .system(SystemError(operation, path, code: code))
        }
    }

    public var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .badPath(let path, let reason): "the path \(path) is refused: \(reason)"
        case .missingPath(let path): "the path \(path) does not exist"
        case .refusedOption(let option, let reason): "the mount option \(option) is refused: \(reason)"
        case .refusedByKernel(let type, let device, let words, let code):
            "\(SystemError("mount", "the \(type) on \(device)", code: code, detail: words.isEmpty ? nil : words))"
        case .busy(let path):
            "\(path) is still in use by a process or by a mount beneath it; end what uses it and try again"
        case .notOurs(let path, let found):
            "\(path) holds \(found), which is not of this plugin's making; it is left alone"
        case .changed(let path): "what stands at \(path) was exchanged while it was being used; find out by whom"
        }
    }
}
