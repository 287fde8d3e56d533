internal import Glibc
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

@testable internal import Processes

@Suite("Tool: how it is ended")
struct ToolEndTests {
    let place = ProcessFolder()
    private var path: String { place.folder.path }

    private func shell(_ script: String, seconds: Double) throws(ToolError) -> ToolResult {
        try Tool.run("sh", ["-c", script], seconds: seconds)
    }

    /// The deadline's error, or nil with an issue recorded.
    private func timedOut(_ script: String) -> (seconds: Double, output: String)? {
        let error = #expect(throws: ToolError.self) { try shell(script, seconds: 0.3) }
        guard case .timedOut("sh", let seconds, let output)? = error else {
            Issue.record("\(String(describing: error))")
            return nil
        }
        return (seconds, output)
    }

    @Test("at the deadline the whole process group is killed and the child reaped")
    func deadline() throws {
        let error = timedOut("echo begun; echo $$ >'\(path)/child'; sleep 1000 & echo $! >'\(path)/grandchild'; wait")
        #expect(error?.seconds == 0.3)
        #expect(error?.output == "begun")
        #expect(!exists(try place.processID("child")), "not even a zombie is left")
        #expect(ends(try place.processID("grandchild")))
        #expect(!RunningTools.shared.processIDs.contains(try place.processID("child")))
    }

    @Test("a tool that ignores SIGTERM is killed all the same")
    func stubborn() throws {
        _ = timedOut("trap '' TERM INT HUP; echo $$ >'\(path)/child'; while :; do sleep 1000; done")
        #expect(!exists(try place.processID("child")))
    }

    @Test("a tool that never stops talking is killed at the deadline as well", .timeLimit(.minutes(1)))
    func endlessTalk() throws {
        let error = timedOut("echo $$ >'\(path)/child'; yes & yes & yes & yes & exec yes")
        #expect(error?.output.hasPrefix("y; y") == true)
        #expect(!exists(try place.processID("child")))
    }

    @Test("a grandchild that keeps the pipe open does not hold the call", .timeLimit(.minutes(1)))
    func grandchild() throws {
        let result = try shell("echo $$; sleep 1000 & echo $! >'\(path)/grandchild'; echo done; exit 4", seconds: 900)
        let pid = try place.processID("grandchild")
        #expect(!hasEnded(pid), "it still runs, and holds its copy of the pipe")
        kill(pid, SIGKILL)
        #expect(result.status == 4)
        #expect(result.output.hasSuffix("done\n"), "what was written before the end is there")
        let child = try #require(Int32(result.output.split(separator: "\n").first ?? ""))
        #expect(!exists(child))
    }

    @Test("nor does one that goes on writing into it", .timeLimit(.minutes(1)))
    func talkingGrandchild() throws {
        let result = try shell("for n in 1 2 3 4 5; do yes & done; echo $$ >'\(path)/group'; exit 4", seconds: 900)
        kill(-(try place.processID("group")), SIGKILL)
        #expect(result.status == 4)
    }

    @Test("a child that closes its output is waited for, not forgotten")
    func closedOutput() throws {
        let result = try shell("echo words; exec >&- 2>&-; read line <'\(path)/gate'; exit 9", seconds: 60) {
            // Opening the pipe lets the child go on; by then it has closed its output.
            place.folder.write("gate", "go\n")
        }
        #expect(result.status == 9)
        #expect(result.output == "words\n")
    }

    /// Runs a script whose gate, a named pipe, is opened by another thread once it waits there.
    private func shell(
        _ script: String, seconds: Double, opening open: @escaping @Sendable () -> Void
    ) throws(ToolError) -> ToolResult {
        mkfifo("\(path)/gate", 0o600)
        let box = Unmanaged.passRetained(Work(open))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        defer { pthread_join(thread, nil) }
        return try shell(script, seconds: seconds)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    @Test("a tool that ends just in time has no zombie either", arguments: 0..<20)
    func manyShort(_: Int) throws {
        let result = try shell("echo $$", seconds: 60)
        let child = try #require(Int32(result.output.split(separator: "\n").first ?? ""))
        #expect(!exists(child))
        #expect(!RunningTools.shared.processIDs.contains(child))
    }

    @Test("an error's sentence names the tool")
    func sentences() {
        let late = ToolError.timedOut(tool: "e2fsck", seconds: 30, output: "Pass 1")
        #expect("\(late)" == "e2fsck did not end within 30 s and was killed; it had said: Pass 1")
        #expect("\(ToolError.stopped(tool: "mkfs.ext4"))".contains("mkfs.ext4"))
    }
}
