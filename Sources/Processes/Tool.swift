internal import CLinux
internal import Diagnostics
internal import Glibc
internal import Synchronization
public import Syscalls

/// How a tool's run ended.
public struct ToolResult: Sendable {
    /// The exit status, or nil when a signal ended the tool.
    public let status: CInt?
    /// The signal that ended the tool, if one did.
    public let signal: CInt?
    /// Standard output and standard error as they came, at most `Tool.outputLimit` bytes of them.
    public let output: String

    /// The output's last lines on one line, for an error's sentence.
    public var summary: String {
        let lines = output.split(whereSeparator: \.isNewline).suffix(4)
        return lines.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

/// Why a tool gave no result.
public enum ToolError: Error, Sendable, CustomStringConvertible {
    case missing(tool: String, searched: String)
    case start(SystemError)
    case timedOut(tool: String, seconds: Double, output: String)
    /// The process is shutting down and ended the tool.
    case stopped(tool: String)

    public var description: String {
        switch self {
        case .missing(let tool, let searched):
            "the tool \(tool) is not installed (searched \(searched)); install the package that holds it"
        case .start(let error): "\(error)"
        case .timedOut(let tool, let seconds, let output):
            "\(tool) did not end within \(Int(seconds)) s and was killed\(output.isEmpty ? "" : "; it had said: \(output)")"
        case .stopped(let tool): "\(tool) was ended because this process is shutting down"
        }
    }
}

/// Runs an external program: no shell, no inherited descriptors, capped output, and the child is always reaped.
public enum Tool {
    /// Bytes of output that are kept; the rest is read and dropped, so that the tool never blocks on a full pipe.
    public static let outputLimit = 16_384

    /// Runs `name` with `arguments` and waits for its end, at most `seconds`.
    ///
    /// Standard input is `/dev/null`. The environment holds `PATH` and `LC_ALL=C` alone: a stray `MKE2FS_CONFIG` or
    /// `LIBBLKID_DEBUG` of whoever started the process must not change what a tool does to a device.
    ///
    /// `view` is what the tool may see of the host's block devices.
    public static func run(
        _ name: String, _ arguments: [String], seconds: Double, seeing view: ToolView = .everything
    ) throws(ToolError) -> ToolResult {
        let path = try locate(name)
        let output = try Pipe()
        let (words, end) = ([name] + arguments, output.writeEnd)
        var failure: ToolError?
        let pid = durable("start", name) { () -> pid_t in
            do throws(ToolError) {
                switch view {
                case .everything: return try start(path, words, output: end)
                case .only(let device):
                    return try Seclusion.run(showing: device) { () throws(ToolError) in
                        try start(path, words, output: end)
                    }
                }
            } catch {
                failure = error
                return -1
            }
        }
        if pid < 0 { throw failure ?? .start(.last("start", name)) }
        let started = Moment.now
        let child = Child(pid: pid, tool: name)
        let result: ToolResult
        do throws(ToolError) {
            result = try child.wait(reading: output, until: .after(seconds: seconds), seconds: seconds)
        } catch {
            ToolRuns.shared.note(name, .killed, seconds: started.age)
            throw error
        }
        ToolRuns.shared.note(name, result.status == 0 ? .ok : .nonzero, seconds: started.age)
        // What the tool has done is done; what is made of it is not yet.
        _ = durable("wait for", name) { 0 }
        return result
    }

    private static func start(_ path: String, _ words: [String], output: CInt) throws(ToolError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        let environment = ["PATH=\(folders.joined(separator: ":"))", "LC_ALL=C"]
        // An own process group lets a tool's helpers be killed with it.
        return try spawn(path, words, environment, actions: &actions, ownGroup: true)
    }

    /// The folders that tools are looked for in, in order.
    static let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"]

    /// Where a tool lies, or `.missing`.
    public static func locate(_ name: String) throws(ToolError) -> String {
        for folder in folders {
            let path = "\(folder)/\(name)"
            if access(path, X_OK) == 0 { return path }
        }
        throw .missing(tool: name, searched: folders.joined(separator: ":"))
    }
}

/// Starts a program with signals as if nobody had touched them. Every other descriptor of ours is close-on-exec.
func spawn(
    _ path: String, _ argv: [String], _ environment: [String], actions: inout posix_spawn_file_actions_t, ownGroup: Bool
) throws(ToolError) -> pid_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    let group = ownGroup ? POSIX_SPAWN_SETPGROUP : 0
    posix_spawnattr_setflags(&attributes, CShort(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var pid = pid_t()
    let status = withCStrings(argv) { argv in
        withCStrings(environment) { environment in posix_spawn(&pid, path, &actions, &attributes, argv, environment) }
    }
    guard status == 0 else { throw .start(SystemError("start", path, code: status)) }
    return pid
}

/// Runs `body` with a null-terminated array of C strings.
private func withCStrings<Value>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
}

extension StringProtocol {
    /// Without spaces and tabs at either end.
    func trimmingSpaces() -> String {
        var rest = self[...]
        while let first = rest.first, first == " " || first == "\t" { rest = rest.dropFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return String(rest)
    }
}
