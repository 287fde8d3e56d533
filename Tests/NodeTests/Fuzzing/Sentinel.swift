internal import Glibc
internal import TestSupport
internal import Testing

/// Folders and files beside a node's own, and what they were like.
struct Sentinel {
    private let folder: TemporaryFolder
    private let before: String

    /// Where attackers are led to.
    let decoy: String

    /// Makes a decoy in the test's folder and remembers everything there but what the node may write.
    init(in folder: TemporaryFolder) async throws {
        self.folder = folder
        decoy = folder.makeFolder("decoy")
        for name in ["staging", "target", "empty", "volume"] { mkdir("\(decoy)/\(name)", 0o755) }
        folder.write("decoy/precious", "precious")
        folder.write("decoy/staging/precious", "precious")
        folder.write("decoy/nothing", "")
        before = try await Self.look(folder)
    }

    /// Every entry with all that a write or an unmount would change, the content by its digest, and every mount there.
    private static func look(_ folder: TemporaryFolder) async throws -> String {
        let script = """
            cd '\(folder.path)' && find . \\( -path ./kubelet -o -path ./pool -o -name '*.disk' -o -name 'node.log' \
            -o -name 'csi.sock*' \\) -prune -o ! -path . -printf '%P %y %m %U %n %s %T@ %C@ %i %D %l\\n' | sort
            find decoy -type f -exec sha256sum {} + | sort
            """
        let mounts = folder.mountPoints.filter { $0 != folder.at("pool") && !$0.hasPrefix("\(folder.path)/kubelet/") }
        return try await run("sh", "-c", script) + "\n" + mounts.joined(separator: "\n")
    }

    /// Expects everything to be as it was.
    func expectUntouched(_ what: String, location: SourceLocation = #_sourceLocation) async throws {
        let now = try await Self.look(folder)
        #expect(now == before, "\(what): something outside was touched", sourceLocation: location)
    }
}
