internal import Diagnostics
internal import Glibc
internal import RPC
internal import Settings

// Exit status: 0 done, 1 refused or failed, 2 wrong command line.

let words = Array(CommandLine.arguments.dropFirst())
if words == ["--version"] {
    print("holdfast \(Version.current)")
    exit(0)
}
do {
    switch try CommandCatalog.tree.parse(words, environment: Environment.process) {
    case .help(let text): print(text, terminator: "")
    case .run(let values): try await CommandCatalog.run(values)
    }
} catch let error as UsageError {
    complain("\(error)")
    exit(2)
} catch let status as RPCStatus where status.code == .unavailable {
    complain("no node answers, or it is still starting; is holdfast-node running? (\(status.message))")
    exit(1)
} catch let status as RPCStatus {
    complain("\(status.code.name): \(status.message)")
    exit(1)
} catch {
    complain("\(error)")
    exit(1)
}
