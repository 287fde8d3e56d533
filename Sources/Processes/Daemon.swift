internal import CLinux
internal import Glibc
internal import Synchronization
internal import Syscalls

/// A program that runs beside this one until it is ended: the demo's node, a test's node.
///
/// It has a process group of its own, so that a Ctrl-C for this program does not reach it. Its output goes to a file. It
/// is ended and reaped at the latest when this value goes.
public final class Daemon: Sendable {
    public let processID: Int32
    private let ended = Mutex<Int32?>(nil)

    /// Starts the executable at `path`. Standard output and error are appended to `log`; its environment is ours, with
    /// `environment` in addition.
    public init(
        _ path: String, _ arguments: [String], log: String, environment: [String] = []
    ) throws(ToolError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        processID = try spawn(
            path, [path] + arguments, inheritedEnvironment() + environment, actions: &actions, ownGroup: true)
    }

    deinit { end(within: 0) }

    /// Sends a signal, if the program still runs.
    public func signal(_ number: Int32) {
        ended.withLock { if $0 == nil { kill(processID, number) } }
    }

    /// The wait status of waitpid(2) if the program has ended by itself; nil while it runs.
    public var exitStatus: Int32? {
        ended.withLock { ended in
            if ended == nil {
                var status: CInt = 0
                if uninterrupted({ waitpid(processID, &status, WNOHANG) }) == processID { ended = status }
            }
            return ended
        }
    }

    /// Asks the program to end (SIGTERM), kills it after `seconds`, reaps it, and returns its wait status.
    @discardableResult
    public func end(within seconds: Double) -> Int32 {
        if let status = exitStatus { return status }
        if seconds > 0 { signal(SIGTERM) }
        let handle = holdfast_pidfd_open(processID)
        if handle >= 0 {
            var polled = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
            let deadline = Moment.after(seconds: seconds)
            _ = uninterrupted { poll(&polled, 1, deadline.remainingMilliseconds) }
            close(handle)
        }
        signal(SIGKILL)
        return ended.withLock { ended in
            if let ended { return ended }
            var status: CInt = 0
            _ = uninterrupted { waitpid(processID, &status, 0) }
            ended = status
            return status
        }
    }
}

/// This process's environment, as `NAME=VALUE`.
private func inheritedEnvironment() -> [String] {
    var all: [String] = []
    var next = environ
    while let variable = next.pointee {
        all.append(String(cString: variable))
        next += 1
    }
    return all
}
