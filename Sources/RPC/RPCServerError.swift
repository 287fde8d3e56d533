public import Syscalls

/// Why a server cannot serve on its socket. Each prints one sentence.
public enum RPCServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The path cannot be a socket's.
    case endpoint(EndpointError)
    /// A server that lives holds the lock of this path, or answers there; its process id, where its lock file tells it.
    case inUse(path: String, holder: Int32?)
    /// Something that is no socket stands at the path, and was left alone.
    case notASocket(path: String, found: FileStatus.Kind)
    /// Something that is no regular file stands where the lock file has to be, and was left alone.
    case notALockFile(path: String, found: FileStatus.Kind)
    /// A method's name has no `/service/method` form.
    case badMethod(String)
    /// A method was given twice.
    case duplicateMethod(String)
    case system(SystemError)

    public var description: String {
        switch self {
        case .endpoint(let error): error.description
        case .inUse(let path, let holder):
            "could not serve on \(path): another server\(holder.map { " (process \($0))" } ?? "") serves there; "
                + "stop it, or choose another endpoint"
        case .notASocket(let path, let found):
            "could not serve on \(path): a \(found.rawValue) that is no socket of ours is there; "
                + "move it away, or choose another endpoint"
        case .notALockFile(let path, let found):
            "could not lock \(path): a \(found.rawValue) is there where the lock file has to be; move it away"
        case .badMethod(let path): "could not serve the method '\(path)': its name is not like /package.Service/Method"
        case .duplicateMethod(let path): "could not serve the method \(path): it was given twice"
        case .system(let error): error.description
        }
    }
}
