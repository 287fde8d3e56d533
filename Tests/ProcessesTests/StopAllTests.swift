internal import Glibc
internal import Syscalls
internal import Testing

@testable internal import Processes

/// Ending every tool would end those of other tests too, so it is tried in a process of its own.
@Suite("RunningTools")
struct StopAllTests {
    @Test("stopAll ends every running tool with its group, and those who wait are told why")
    func stopAll() async {
        await #expect(processExitsWith: .success) {
            await withTaskGroup(of: String.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        await HostThread.run {
                            do throws(ToolError) {
                                let result = try Tool.run(
                                    "sh", ["-c", "trap '' TERM; sleep 1000 & wait"], seconds: 900)
                                return "status \(result.status ?? -1)"
                            } catch {
                                if case .stopped("sh") = error { return "stopped" }
                                return "\(error)"
                            }
                        }
                    }
                }
                while RunningTools.shared.processIDs.count < 4 { try? await Task.sleep(for: .milliseconds(1)) }
                let children = RunningTools.shared.processIDs
                RunningTools.shared.stopAll()
                var endings: [String] = []
                for await ending in group { endings.append(ending) }
                precondition(endings == Array(repeating: "stopped", count: 4), "\(endings)")
                precondition(children.allSatisfy { kill($0, 0) != 0 && errno == ESRCH }, "a zombie is left")
                precondition(RunningTools.shared.processIDs.isEmpty)
            }
        }
    }

    @Test("a tool that runs after stopAll is not told to have been stopped")
    func afterwards() async {
        await #expect(processExitsWith: .success) {
            RunningTools.shared.stopAll()
            let result = try Tool.run("sh", ["-c", "kill -9 $$"], seconds: 60)
            precondition(result.signal == SIGKILL)
        }
    }
}
