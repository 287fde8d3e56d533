internal import CSI
internal import Glibc
internal import Processes
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

/// How the CLI ended and what it printed, standard error included.
struct CLIResult {
    let status: Int32
    let output: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }
}

extension NodeUnderTest {
    /// Runs `holdfast` against this node.
    func holdfast(_ arguments: String...) async throws -> CLIResult {
        let result = try await attempt(
            "env", ["\(builtProducts)/holdfast"] + arguments + ["--endpoint", "unix://\(socket)"])
        return CLIResult(status: try #require(result.status), output: result.output)
    }
}

@Suite("The command line", .needsRoot)
struct CommandLineTests {
    @Test("snapshots: of all, of one volume by name and id, and of a volume that is gone")
    func snapshots() async throws {
        try await withNode { node in
            let none = try await node.holdfast("snapshots")
            #expect(none.status == 0 && none.lines.count == 1 && none.output.hasPrefix("SNAPSHOT"), "\(none.output)")
            #expect(try await node.holdfast("snapshots", "--output", "json").output == "[]\n")

            let volume = try await node.create("data", .block(), size: 2 * mebibyte)
            let other = try await node.create("other", .block(), size: mebibyte)
            let one = try await node.snapshot(volume, "one")
            let two = try await node.snapshot(volume, "two")
            let third = try await node.snapshot(other, "three")
            let all = try await node.holdfast("snapshots")
            #expect(all.lines.count == 4)
            for snapshot in [one, two, third] { #expect(all.output.contains(snapshot.snapshotID), "\(all.output)") }
            #expect(all.output.contains("2 MiB") && all.output.contains("Z"), "\(all.output)")
            for words in ["data", volume.id] {
                let some = try await node.holdfast("snapshots", words)
                #expect(some.lines.count == 3 && !some.output.contains(third.snapshotID), "\(some.output)")
            }
            let json = try await node.holdfast("snapshots", "other", "--output", "json").output
            #expect(json.contains("\"bytes\": \(mebibyte)") && json.contains("\"ready\": true"), "\(json)")
            #expect(json.contains("\"snapshot\": \"\(third.snapshotID)\""), "\(json)")

            // Its snapshots outlive a volume.
            try await node.delete(other)
            let left = try await node.holdfast("snapshots", other.id)
            #expect(left.status == 0 && left.output.contains(third.snapshotID), "\(left.output)")
            let gone = try await node.holdfast("snapshots", "other")
            #expect(gone.status == 1 && gone.output.contains("other"), "\(gone.output)")
        }
    }

    @Test("clone: of a volume and of a snapshot, by what a person has at hand", arguments: [true, false])
    func clone(json: Bool) async throws {
        try await withNode { node in
            let form = json ? ["--output", "json"] : []
            func holdfast(_ words: [String]) async throws -> CLIResult {
                let result = try await attempt(
                    "env", ["\(builtProducts)/holdfast"] + words + form + ["--endpoint", "unix://\(node.socket)"])
                return CLIResult(status: try #require(result.status), output: result.output)
            }
            let volume = try await node.create("data", .mount("ext4"), size: 16 * mebibyte)
            try await node.use(volume, as: "target")
            try await write([1, 2, 3], to: node.path("target/file"))
            try await node.stopUsing(volume, as: "target")
            let snapshot = try await node.snapshot(volume)
            let sources = ["data", volume.id, snapshot.snapshotID]
            for (number, source) in sources.enumerated() {
                let result = try await holdfast(["clone", source, "copy-\(number)", "--size", "32Mi"])
                #expect(result.status == 0, "\(result.output)")
                #expect(result.output.contains("copy-\(number)"), "\(result.output)")
                #expect(result.output.contains("\(32 * mebibyte)"), "\(result.output)")
                #expect(result.output.contains("ext4"), "\(result.output)")
            }
            let entries = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries
            for entry in entries { node.ledger.withLock { _ = $0.volumes.insert(entry.volume?.volumeID ?? "") } }
            #expect(entries.count == 4)
            for (words, status, said) in [
                (["clone", "nothing", "copy"], 1, ["nothing"]),
                (["clone", "data"], 2, ["NAME"]),
                (["clone", "data", "copy", "--size", "big"], 2, ["--size", "big"]),
                (["clone", "data", "copy", "--size", "1Mi"], 1, ["OUT_OF_RANGE", "\(16 * mebibyte)"]),
                (["clone", "data", "data"], 1, ["ALREADY_EXISTS", "data"]),
            ] as [([String], Int32, [String])] {
                let result = try await holdfast(words)
                #expect(result.status == status, "\(words): \(result.output)")
                #expect(result.lines.count == 1, "\(words): \(result.output)")
                for word in said { #expect(result.output.contains(word), "\(words): \(result.output)") }
            }
        }
    }

    @Test("clone: of a snapshot whose volume is gone, whatever it was used as", arguments: [true, false])
    func cloneOfOrphan(block: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("data", block ? .block() : .mount("xfs"), size: 300 * mebibyte)
            try await node.use(volume, as: "target")
            try await node.stopUsing(volume, as: "target")
            let snapshot = try await node.snapshot(volume)
            try await node.delete(volume)
            let result = try await node.holdfast("clone", snapshot.snapshotID, "copy")
            #expect(result.status == 0 && result.output.contains(block ? "block" : "xfs"), "\(result.output)")
            let entries = try await node.call(CSIMethod.listVolumes, ListVolumesRequest()).entries
            for entry in entries { node.ledger.withLock { _ = $0.volumes.insert(entry.volume?.volumeID ?? "") } }
        }
    }

    @Test("expand: tells the size, and whether the filesystem has to wait")
    func expand() async throws {
        try await withNode { node in
            let block = try await node.create("block", .block(), size: mebibyte)
            let volume = try await node.create("data", .mount("xfs"), size: 300 * mebibyte)
            try await node.use(volume, as: "target")
            try await node.stopUsing(volume, as: "target")

            let one = try await node.holdfast("expand", "block", "2Mi")
            #expect(one.status == 0 && one.lines.count == 1, "\(one.output)")
            #expect(one.output.contains(block.id) && one.output.contains("2 MiB (2097152 bytes)"), "\(one.output)")
            let json = try await node.holdfast("expand", block.id, "3145728", "--output", "json")
            #expect(json.output.contains("\"bytes\": 3145728"), "\(json.output)")
            #expect(json.output.contains("\"filesystemPending\": false"), "\(json.output)")

            let waiting = try await node.holdfast("expand", "data", "320Mi")
            #expect(waiting.status == 0 && waiting.lines.count == 2, "\(waiting.output)")
            #expect(waiting.output.contains("staged"), "\(waiting.output)")
            let again = try await node.holdfast("expand", "data", "320Mi", "--output", "json")
            #expect(again.output.contains("\"filesystemPending\": true"), "\(again.output)")
            // Less than it has is no shrinking, and must not read as if it were.
            let less = try await node.holdfast("expand", "block", "1Mi")
            #expect(less.status == 0 && less.output.contains("already"), "\(less.output)")
        }
    }

    @Test("expand: bad arguments", arguments: BadWords.all)
    func badWords(row: BadWords) async throws {
        try await withNode { node in
            let volume = try await node.create("data", .block(), size: mebibyte)
            let result = try await attempt(
                "env", ["\(builtProducts)/holdfast"] + row.words + ["--endpoint", "unix://\(node.socket)"])
            #expect(result.status == row.status, "\(result.output)")
            #expect(result.output.hasPrefix("holdfast: "), "\(result.output)")
            #expect(result.output.split(separator: "\n").count == 1, "\(result.output)")
            for word in row.said { #expect(result.output.contains(word), "\(result.output)") }
            #expect(try fileSize(node.image(of: volume)) == mebibyte)
        }
    }

    @Test("inspect tells of a condition", arguments: [true, false])
    func inspect(isWell: Bool) async throws {
        try await withNode { node in
            let volume = try await node.create("data", .block(), size: mebibyte)
            if !isWell { unlink(node.image(of: volume)) }
            let table = try await node.holdfast("inspect", "data")
            let json = try await node.holdfast("inspect", "data", "--output", "json")
            #expect(table.status == 0 && json.status == 0)
            let words = isWell ? "nothing is wrong" : "is missing"
            #expect(table.output.contains("Condition:") && table.output.contains(words), "\(table.output)")
            #expect(json.output.contains("\"abnormal\": \(!isWell)") && json.output.contains(words), "\(json.output)")
        }
    }

    @Test("every command has help, and an unknown one tells where to find it")
    func help() async throws {
        for command in ["snapshots", "clone", "expand", "volumes", "inspect", "probe", "demo"] {
            let result = try await attempt("env", ["\(builtProducts)/holdfast", command, "--help"])
            #expect(result.status == 0 && result.output.contains("Usage: holdfast \(command)"), "\(result.output)")
        }
        let unknown = try await attempt("env", ["\(builtProducts)/holdfast", "grow"])
        #expect(unknown.status == 2 && unknown.output.contains("--help"), "\(unknown.output)")
        let deaf = try await attempt(
            "env", ["\(builtProducts)/holdfast", "snapshots", "--endpoint", "unix:///nonexistent/csi.sock"])
        #expect(deaf.status == 1 && deaf.output.contains("holdfast-node"), "\(deaf.output)")
    }
}

/// A command line of `expand` or `snapshots` that is refused in one line.
struct BadWords: Sendable, CustomTestStringConvertible {
    let words: [String]
    let status: Int32
    let said: [String]

    var testDescription: String { words.joined(separator: " ") }

    static let all: [BadWords] = [
        BadWords(words: ["expand"], status: 2, said: ["VOLUME"]),
        BadWords(words: ["expand", "data"], status: 2, said: ["SIZE"]),
        BadWords(words: ["expand", "data", "big"], status: 2, said: ["SIZE", "big", "20Gi"]),
        BadWords(words: ["expand", "data", "0"], status: 2, said: ["SIZE"]),
        BadWords(words: ["expand", "data", "-1"], status: 2, said: ["-1"]),
        BadWords(words: ["expand", "data", "2Mi", "more"], status: 2, said: ["more"]),
        BadWords(words: ["expand", "nothing", "2Mi"], status: 1, said: ["NOT_FOUND", "nothing"]),
        BadWords(words: ["expand", "data", "8000Pi"], status: 1, said: ["OUT_OF_RANGE"]),
        BadWords(words: ["snapshots", "nothing"], status: 1, said: ["NOT_FOUND", "nothing"]),
        BadWords(words: ["snapshots", "--output", "xml"], status: 2, said: ["--output", "json"]),
        BadWords(words: ["snapshots", "a", "b"], status: 2, said: ["b"]),
    ]
}
