internal import Glibc

/// A system call that failed: what was tried, on what, and what the kernel answered.
///
/// It is built where `errno` is read, so that nothing between can change it.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The verb of the attempt, as an operator would say it: `open`, `attach a loop device to`.
    public let operation: String
    /// What the operation was tried on, usually a path.
    public let object: String
    /// The `errno` value (errno(3)).
    public let code: CInt
    /// Words of the kernel beyond `errno`, such as a filesystem context's log.
    public let detail: String?

    public init(_ operation: String, _ object: String, code: CInt, detail: String? = nil) {
        self.operation = operation
        self.object = object
        self.code = code
        self.detail = detail
    }

    /// The error of the system call that has just failed on this thread.
    public static func last(_ operation: String, _ object: String) -> SystemError {
        SystemError(operation, object, code: errno)
    }

    public var description: String {
        let meaning = strerrorname(code).map { "\(String(cString: strerror(code))) (\($0))" } ?? "error \(code)"
        return "could not \(operation) \(object): \(detail.map { "\($0): " } ?? "")\(meaning)"
    }

    /// Whether the filesystem, the quota or the device is out of space.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}

/// The symbolic name of an errno value; `strerrorname_np` needs `_GNU_SOURCE`, which Swift cannot set.
private func strerrorname(_ code: CInt) -> String? {
    let names: [CInt: String] = [
        EPERM: "EPERM", ENOENT: "ENOENT", EINTR: "EINTR", EIO: "EIO", ENXIO: "ENXIO", EBADF: "EBADF",
        EAGAIN: "EAGAIN", ENOMEM: "ENOMEM", EACCES: "EACCES", EBUSY: "EBUSY", EEXIST: "EEXIST", EXDEV: "EXDEV",
        ENODEV: "ENODEV", ENOTDIR: "ENOTDIR", EISDIR: "EISDIR", EINVAL: "EINVAL", ENFILE: "ENFILE", EMFILE: "EMFILE",
        ETXTBSY: "ETXTBSY", EFBIG: "EFBIG", ENOSPC: "ENOSPC", ESPIPE: "ESPIPE", EROFS: "EROFS", EPIPE: "EPIPE",
        ENAMETOOLONG: "ENAMETOOLONG", ENOSYS: "ENOSYS", ENOTEMPTY: "ENOTEMPTY", ELOOP: "ELOOP",
        EOPNOTSUPP: "EOPNOTSUPP", EADDRINUSE: "EADDRINUSE", ETIMEDOUT: "ETIMEDOUT", ECONNREFUSED: "ECONNREFUSED",
        ESTALE: "ESTALE", EDQUOT: "EDQUOT", ENOTCONN: "ENOTCONN", EHOSTDOWN: "EHOSTDOWN", EUCLEAN: "EUCLEAN",
        EILSEQ: "EILSEQ", EOVERFLOW: "EOVERFLOW", ENOTBLK: "ENOTBLK",
    ]
    return names[code]
}
