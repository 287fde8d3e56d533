internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@testable internal import Processes

/// What the tests of this target share: a folder whose name marks the processes that they start.
struct ProcessFolder {
    let folder = TemporaryFolder("process")

    /// The running processes, zombies included, whose command line names the folder.
    var marked: [Int32] {
        processes.filter { pid in
            guard let bytes = try? Files.read("/proc/\(pid)/cmdline", limit: 1 << 20) else { return false }
            return String(decoding: bytes, as: UTF8.self).contains(folder.path)
        }
    }

    private var processes: [Int32] {
        guard let proc = try? Files.open("/proc", O_RDONLY | O_DIRECTORY) else { return [] }
        return ((try? Files.names(in: proc, "/proc")) ?? []).compactMap { Int32($0) }
    }

    /// The process id that a script has written to a file in the folder.
    func processID(_ name: String) throws -> Int32 {
        let text = String(decoding: folder.read(name), as: UTF8.self)
        return try #require(Int32(text.split(whereSeparator: \.isNewline).first ?? ""))
    }
}

/// Whether a process exists, if only as a zombie.
func exists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 || errno != ESRCH }

/// Whether a process has ended: it is gone, or a zombie of a parent that is not ours.
func hasEnded(_ pid: Int32) -> Bool {
    guard let bytes = try? Files.read("/proc/\(pid)/stat", limit: 4_096) else { return true }
    let afterName = String(decoding: bytes, as: UTF8.self).split(separator: ")").last ?? ""
    return afterName.split(separator: " ").first == "Z"
}

/// Waits for the kernel to have ended a process that was sent SIGKILL.
func ends(_ pid: Int32) -> Bool {
    for _ in 0..<2_000 {
        if hasEnded(pid) { return true }
        usleep(5_000)
    }
    return false
}

@Suite("Tool")
struct ToolTests {
    let place = ProcessFolder()

    private func shell(_ script: String, seconds: Double = 60) throws(ToolError) -> ToolResult {
        try Tool.run("sh", ["-c", script], seconds: seconds)
    }

    @Test("the exit status is the tool's", arguments: [0, 1, 2, 5, 12, 32, 127, 255] as [CInt])
    func exitStatus(_ status: CInt) throws {
        let result = try shell("exit \(status)")
        #expect(result.status == status)
        #expect(result.signal == nil)
    }

    @Test("a signal is told from an exit status", arguments: [SIGKILL, SIGTERM, SIGSEGV, SIGPIPE, SIGABRT])
    func signal(_ number: CInt) throws {
        let result = try shell("ulimit -c 0; kill -\(number) $$; exit 3")
        #expect(result.status == nil)
        #expect(result.signal == number)
    }

    @Test("both outputs arrive, in order, and the summary is the last lines on one line")
    func output() throws {
        let result = try shell("echo one; echo two >&2; echo; echo '  three '; echo four; printf five")
        #expect(result.output == "one\ntwo\n\n  three \nfour\nfive")
        #expect(result.summary == "three; four; five" || result.summary == "two; three; four; five")
    }

    @Test("output that is no UTF-8 is repaired")
    func notUTF8() throws {
        #expect(try shell(#"printf 'a\377b'"#).output == "a\u{fffd}b")
    }

    @Test("arguments arrive as they are, without a shell")
    func arguments() throws {
        let odd = ["a b", "$HOME", "`id`", "", "new\nline", "*", "ü"]
        let result = try Tool.run("printf", ["[%s]"] + odd, seconds: 60)
        #expect(result.output == odd.map { "[\($0)]" }.joined())
    }

    @Test("a chatty tool is read to its end and 16 KiB of it are kept")
    func chatty() throws {
        let result = try shell("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2; exit 7")
        #expect(result.status == 7, "it was never blocked on a full pipe")
        #expect(result.output == String(repeating: "x", count: 16_384))
        #expect(Tool.outputLimit == 16_384)
    }

    @Test("a missing tool is told by name, with the folders searched")
    func missing() {
        let error = #expect(throws: ToolError.self) { try Tool.run("holdfast-no-such-tool", [], seconds: 60) }
        guard case .missing(let tool, let searched)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(tool == "holdfast-no-such-tool")
        #expect(searched.split(separator: ":").contains("/usr/sbin"))
        #expect("\(error!)".contains("not installed"))
    }

    @Test("the environment holds PATH and LC_ALL alone")
    func environment() throws {
        setenv("HOLDFAST_TEST_STRAY", "1", 1)
        defer { unsetenv("HOLDFAST_TEST_STRAY") }
        let names = try Tool.run("env", [], seconds: 60).output.split(separator: "\n").sorted()
        #expect(names == ["LC_ALL=C", "PATH=/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin"])
    }

    @Test("standard input is /dev/null, and no other descriptor is handed down")
    func descriptors() throws {
        // One descriptor without close-on-exec proves that the look finds what is there, one of ours that it stays here.
        let inherited = dup(STDERR_FILENO)
        defer { close(inherited) }
        let own = try Files.open(place.folder.write("own", ""), O_RDONLY)
        let output = try shell("ls -l /proc/self/fd").output
        #expect(output.contains(" 0 -> /dev/null"))
        #expect(!output.contains("\(place.folder.path)/own"))
        #expect(output.contains(" \(inherited) -> "))
        _ = own.number
    }

    @Test("signals are as if nobody had touched them")
    func signals() throws {
        let output = try Tool.run("grep", ["^Sig", "/proc/self/status"], seconds: 60).output
        for line in output.split(separator: "\n") where line.hasPrefix("SigBlk") || line.hasPrefix("SigIgn") {
            let mask = try #require(UInt64(line.split(separator: "\t").last ?? "", radix: 16))
            // Signals 32 and 33 are the C library's own, which no program can set (signal(7)).
            #expect(mask & ~0x1_8000_0000 == 0, "\(line)")
        }
        #expect(output.contains("SigBlk") && output.contains("SigIgn"))
    }
}
