/// Where a server listens: a unix socket, written as gRPC and CSI write it.
public enum Endpoint {
    /// The most bytes of a socket's path: `sun_path` holds 108 with its end (unix(7)).
    public static let pathLimit = 107

    /// The socket's path of `unix:///PATH`, `unix:/PATH` or `/PATH`. Nothing in it is decoded: a `%` is a `%`.
    public static func path(_ text: String) throws(EndpointError) -> String {
        var path = Substring(text)
        if !text.hasPrefix("/"), let colon = text.firstIndex(of: ":") {
            let scheme = text[..<colon]
            guard scheme.lowercased() == "unix" else { throw .scheme(text, String(scheme)) }
            path = text[text.index(after: colon)...]
            // An authority, `unix://HOST/PATH`, leaves a relative path behind and is refused as one.
            if path.hasPrefix("//") { path = path.dropFirst(2) }
        }
        return try checked(String(path), in: text)
    }

    private static func checked(_ path: String, in text: String) throws(EndpointError) -> String {
        if !path.hasPrefix("/") { throw .notAbsolute(text) }
        if path.utf8.contains(0) { throw .zeroByte(text) }
        if path.hasSuffix("/") || path.hasSuffix("/.") || path.hasSuffix("/..") { throw .directory(text) }
        let bytes = path.utf8.count
        if bytes > pathLimit { throw .tooLong(text, bytes: bytes) }
        return path
    }
}

/// Why a text is no endpoint. Each carries the text as it was given.
public enum EndpointError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another scheme than `unix`, named.
    case scheme(String, String)
    /// No absolute path, or none at all.
    case notAbsolute(String)
    /// A path that can only be a directory.
    case directory(String)
    /// More bytes than a socket's path can have.
    case tooLong(String, bytes: Int)
    /// A zero byte, at which the kernel would cut the path.
    case zeroByte(String)

    public var description: String {
        let wanted = "give unix:///PATH"
        return switch self {
        case .scheme(let text, let scheme):
            "the endpoint '\(text)' has the scheme '\(scheme)', and only unix sockets are served: \(wanted)"
        case .notAbsolute(let text):
            "the endpoint '\(text)' has no absolute path: \(wanted)"
        case .directory(let text):
            "the endpoint '\(text)' names a directory, not a socket: \(wanted)"
        case .tooLong(let text, let bytes):
            "the endpoint '\(text)' has a path of \(bytes) bytes, and a unix socket's has at most "
                + "\(Endpoint.pathLimit): choose a shorter folder"
        case .zeroByte(let text):
            "the endpoint '\(text)' has a zero byte in its path: \(wanted)"
        }
    }
}
