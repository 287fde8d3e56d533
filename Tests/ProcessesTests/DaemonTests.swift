internal import Glibc
internal import Processes
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Daemon")
struct DaemonTests {
    let place = ProcessFolder()
    private var log: String { place.folder.at("log") }

    private func start(_ script: String, environment: [String] = []) throws -> Daemon {
        try Daemon("/bin/sh", ["-c", script], log: log, environment: environment)
    }

    /// Waits until the program has written the line to its log.
    private func says(_ line: String) -> Bool {
        for _ in 0..<4_000 {
            if place.folder.exists("log") {
                let text = String(decoding: place.folder.read("log"), as: UTF8.self)
                if text.split(separator: "\n").contains(Substring(line)) { return true }
            }
            usleep(5_000)
        }
        return false
    }

    @Test("runs beside us, in a group of its own, with its output in the log and its input empty")
    func runs() throws {
        let daemon = try start(
            "echo started >&2; readlink /proc/self/fd/0; echo \"$HOLDFAST_TEST\"; sleep 1000",
            environment: ["HOLDFAST_TEST=set"])
        #expect(says("started"))
        #expect(says("/dev/null"))
        #expect(says("set"))
        #expect(daemon.exitStatus == nil)
        #expect(getpgid(daemon.processID) == daemon.processID)
        daemon.end(within: 30)
        #expect(!exists(daemon.processID))
    }

    @Test("is asked to end first, and its wait status is returned, again and again")
    func ends() throws {
        let daemon = try start("trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.01; done")
        #expect(says("ready"))
        #expect(daemon.end(within: 30) == 7 << 8)
        #expect(says("asked"))
        #expect(!exists(daemon.processID), "it is reaped")
        #expect(daemon.end(within: 30) == 7 << 8)
        #expect(daemon.exitStatus == 7 << 8)
    }

    @Test("is killed when it does not end in time")
    func killed() throws {
        let daemon = try start("trap '' TERM; echo ready; while :; do sleep 0.01; done")
        #expect(says("ready"))
        #expect(daemon.end(within: 0.1) == SIGKILL)
        #expect(!exists(daemon.processID))
    }

    @Test("one that ends by itself is noticed, and not signalled afterwards")
    func endsByItself() throws {
        let daemon = try start("exit 3")
        var status: Int32?
        for _ in 0..<4_000 where status == nil {
            status = daemon.exitStatus
            usleep(1_000)
        }
        #expect(status == 3 << 8)
        daemon.signal(SIGKILL)
        #expect(daemon.end(within: 30) == 3 << 8)
    }

    @Test("ends at the latest with the value that stands for it")
    func endsWithItsValue() throws {
        var pid: Int32 = 0
        do {
            let daemon = try start("sleep 1000")
            pid = daemon.processID
            #expect(exists(pid))
        }
        #expect(!exists(pid))
    }

    @Test("a program that is not there is an error, and leaves no process")
    func missing() {
        #expect(throws: ToolError.self) { try Daemon("/nonexistent/holdfast", [], log: log) }
    }
}
