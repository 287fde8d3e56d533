internal import CSI
internal import Glibc
internal import JSON
internal import Processes
internal import RPC
internal import Settings
internal import Syscalls

/// `holdfast demo`: a node on an empty pool, and one volume's whole life on it.
enum DemoCommand {
    static let command = Command(
        "demo", summary: "Start a node on an empty pool and walk one volume through its whole life",
        options: [
            .value("--fs-type", "TYPE", help: "the volume's filesystem: ext4, xfs or btrfs", default: "ext4"),
            SharedOption.output,
        ])

    static func run(_ values: OptionValues) async throws {
        let form = try values.outputForm()
        let type = try values.choice("--fs-type", of: ["ext4", "xfs", "btrfs"])
        guard geteuid() == 0 else {
            throw CommandError(description: "the demo attaches loop devices and mounts filesystems: run it as root")
        }
        Interruption.watch()
        let folder = try DemoFolder()
        let steps = DemoSteps(printsLines: form == .table)
        do {
            try await DemoLife(folder: folder, filesystem: type, steps: steps).walk()
            try folder.remove()
        } catch {
            try? folder.remove()
            throw error
        }
        switch form {
        case .json: print(JSON.array(steps.json).text(pretty: true))
        case .table: print("\nThe volume has lived its whole life, and nothing of it is left.")
        }
    }
}

/// The steps of the demo as they are done, each with its time.
final class DemoSteps {
    private let printsLines: Bool
    private(set) var json: [JSON] = []

    init(printsLines: Bool) { self.printsLines = printsLines }

    /// Does a step and tells of it. `body` returns the words for what came out.
    func step(_ title: String, _ body: () async throws -> String) async throws {
        if Interruption.isWanted { throw CommandError(description: "interrupted") }
        let started = Moment.now
        let outcome = try await body()
        let milliseconds = started.age * 1_000
        json.append([
            "step": .string(title), "outcome": .string(outcome), "milliseconds": .number(milliseconds),
        ])
        guard printsLines else { return }
        let tenths = Int((milliseconds * 10).rounded())
        let time = "\(tenths / 10).\(tenths % 10) ms"
        let padded = title + String(repeating: " ", count: max(1, 26 - title.count))
        print("  \(padded)\(String(repeating: " ", count: max(0, 9 - time.count)))\(time)  \(outcome)")
        fflush(nil)
    }
}

/// Ctrl-C ends the demo between two steps, so that it can clean up.
enum Interruption {
    nonisolated(unsafe) private static let wanted = UnsafeMutablePointer<sig_atomic_t>.allocate(capacity: 1)

    static func watch() {
        wanted.pointee = 0
        // A reader of our output that goes away, as `head` does, must not keep the demo from cleaning up.
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number) { _ in Interruption.wanted.pointee = 1 } }
    }

    static var isWanted: Bool { wanted.pointee != 0 }
}
