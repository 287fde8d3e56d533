internal import Diagnostics
internal import Glibc
internal import Processes
internal import Settings

// Exit status: 0 after an end that was asked for, 1 when it cannot serve, 2 for a wrong command line or configuration.

func complain(_ error: any Error, status: CInt) -> Never {
    let line = "holdfast-reconciler: \(error)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(status)
}

func readOptions() -> ReconcilerOptions {
    let words = Array(CommandLine.arguments.dropFirst())
    if words.contains("--version") {
        print("holdfast-reconciler \(Version.current)")
        exit(0)
    }
    do {
        switch try ReconcilerOptions.command.parse(words, environment: Environment.process) {
        case .help(let text):
            print(text, terminator: "")
            exit(0)
        case .run(let values): return try ReconcilerOptions(values)
        }
    } catch {
        complain(error, status: 2)
    }
}

// Before the first thread: the signals are waited for by the main thread alone.
let signals = Signals.blockEnding()
let options = readOptions()
Log.shared.configure(level: options.logLevel, format: options.logFormat)
do {
    try ReconcilerProcess(options).run(until: signals)
} catch {
    complain(error, status: 1)
}
// Without the libraries' own tidying up: OpenSSL's pulls away what the transfers' thread may still be closing its connections
// with, and the process would end by SIGSEGV.
_exit(0)
