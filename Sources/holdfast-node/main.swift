internal import Diagnostics
internal import Glibc
internal import Plugin
internal import Pools
internal import Processes
internal import RPC
internal import Settings
internal import Syscalls

// Exit status: 0 after a drain, 1 when the node refuses to start or fails or kubelet refuses it, 2 for a wrong command line or configuration.

func complain(_ error: any Error, status: CInt) -> Never {
    let line = "holdfast-node: \(error)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(status)
}

func readSettings() -> NodeSettings {
    let words = Array(CommandLine.arguments.dropFirst())
    if words.contains("--version") {
        print("holdfast-node \(Version.current)")
        exit(0)
    }
    do {
        switch try NodeSettings.command.parse(words, environment: Environment.process) {
        case .help(let text):
            print(text, terminator: "")
            exit(0)
        case .run(let values): return try NodeSettings(values)
        }
    } catch {
        complain(error, status: 2)
    }
}

// Before the first thread: signals that end the process are waited for by the main thread alone, and a client that has
// gone away must not end it.
let signals = Signals.blockEnding()
let settings = readSettings()
Log.shared.configure(level: settings.logLevel, format: settings.logFormat)
do {
    let node = try Node(settings)
    exit(node.run(until: signals))
} catch {
    complain(error, status: 1)
}
