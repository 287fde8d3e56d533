internal import Diagnostics
internal import Glibc
internal import Testing

/// The log writes to the process's standard error and has one setting, so each look at it has a process of its own.
@Suite("Log")
struct LogTests {
    private static func lines(_ result: ExitTest.Result?) -> [String] {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.contains("holdfast-test") }
    }

    @Test("writes what is at least as grave as the level, one line an event")
    func level() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            Log.shared.configure(level: .warning, format: .text)
            Log.shared.debug("holdfast-test debug")
            Log.shared.info("holdfast-test info")
            Log.shared.warning("holdfast-test warning", ["a": "1", "b": nil])
            Log.shared.error("holdfast-test error\nforged")
            Log.shared.write(.error, "holdfast-test later")
            precondition(!Log.shared.isEnabled(.info) && Log.shared.isEnabled(.warning))
        }
        let lines = Self.lines(result).map { $0.drop { $0 != " " } }
        #expect(
            lines == [
                " WARNING holdfast-test warning a=1", #" ERROR holdfast-test error\nforged"#,
                " ERROR holdfast-test later",
            ])
    }

    @Test("a message that is not written is not made")
    func lazy() async {
        await #expect(processExitsWith: .success) {
            Log.shared.configure(level: .error, format: .text)
            func expensive() -> String { preconditionFailure("made for nothing") }
            Log.shared.debug(expensive())
        }
    }

    @Test("JSON lines begin and end as objects do")
    func json() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            Log.shared.configure(level: .debug, format: .json)
            Log.shared.debug("holdfast-test", ["volume": "hf-1"])
        }
        let lines = Self.lines(result)
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("{\"time\":\"") == true)
        #expect(lines.first?.hasSuffix(#""level":"debug","message":"holdfast-test","volume":"hf-1"}"#) == true)
    }

    @Test("a standard error that is gone does not stop the process")
    func closed() async {
        await #expect(processExitsWith: .exitCode(23)) {
            Log.shared.configure(level: .info, format: .text)
            close(STDERR_FILENO)
            Log.shared.error("holdfast-test")
            exit(23)
        }
    }
}
