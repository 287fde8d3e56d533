internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@testable internal import Mounts

@Suite("HostRoot")
struct HostRootTests {
    let folder = TemporaryFolder("hostroot")

    /// A root with a few things in it, and an outside with a victim.
    private func makeRoot() throws -> HostRoot {
        let root = folder.makeFolder("root")
        let outside = folder.makeFolder("outside")
        _ = folder.makeFolder("outside/victim")
        _ = folder.makeFolder("rootless")
        _ = folder.makeFolder("root/pods")
        _ = folder.makeFolder("root/pods/one")
        folder.write("root/file", "x")
        symlink(outside, "\(root)/out")
        symlink("../outside", "\(root)/outrelative")
        symlink("pods/one", "\(root)/in")
        symlink("\(root)/pods", "\(root)/absolute")
        symlink("/proc/self/root", "\(root)/magic")
        symlink("loop", "\(root)/loop")
        symlink("gone", "\(root)/dangling")
        return try HostRoot(root)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        /// With `$R` for the root.
        let path: String
        /// What `locate` is to say: a path with `$R`, or a word of the refusal.
        var found: String?
        var refused: String?
        var testDescription: String { label }
    }

    static let rows: [Row] = [
        Row(label: "a name in the root", path: "$R/new", found: "$R/new"),
        Row(label: "deeper", path: "$R/pods/one/mount", found: "$R/pods/one/mount"),
        Row(label: "a trailing slash", path: "$R/pods/", found: "$R/pods"),
        Row(label: "doubled slashes", path: "$R//pods///one//", found: "$R/pods/one"),
        Row(label: "single dots", path: "$R/./pods/./x/.", found: "$R/pods/x"),
        Row(label: "dots within a name", path: "$R/..x/...", refused: "does not exist"),
        Row(label: "a newline in a name", path: "$R/a\nb", found: "$R/a\nb"),
        Row(label: "a symlink as the last name is not followed", path: "$R/out", found: "$R/out"),
        Row(label: "through a symlink that stays inside", path: "$R/in/mount", found: "$R/in/mount"),
        Row(label: "relative", path: "pods/one", refused: "not an absolute path"),
        Row(label: "empty", path: "", refused: "not an absolute path"),
        Row(label: "the root itself", path: "$R", refused: "the root folder"),
        Row(label: "the root itself with a slash", path: "$R/", refused: "the root folder"),
        Row(label: "the root itself with dots", path: "$R/./.", refused: "the root folder"),
        Row(label: "up", path: "$R/../outside/victim", refused: "'..'"),
        Row(label: "up and down again", path: "$R/pods/../pods/x", refused: "'..'"),
        Row(label: "up as the last name", path: "$R/pods/..", refused: "'..'"),
        Row(label: "outside", path: "/etc/passwd", refused: "outside of"),
        Row(label: "a longer name that begins as the root's", path: "$Rless/x", refused: "outside of"),
        Row(label: "the host's root", path: "/", refused: "outside of"),
        Row(label: "NUL", path: "$R/x\0/y", refused: "NUL"),
        Row(
            label: "too long", path: "$R/" + String(repeating: "x/", count: 2_048), refused: "longer than 4,095 bytes"),
        Row(
            label: "a component too long", path: "$R/" + String(repeating: "x", count: 256), refused: "255 bytes"),
        Row(label: "through a symlink that leads out", path: "$R/out/victim", refused: "leads out"),
        Row(label: "through a relative one", path: "$R/outrelative/victim", refused: "leads out"),
        Row(label: "through an absolute one, wherever it leads", path: "$R/absolute/one", refused: "leads out"),
        Row(label: "through a magic link", path: "$R/magic/etc", refused: "refused"),
        Row(label: "through a symlink to itself", path: "$R/loop/x", refused: "too many symlinks"),
        Row(label: "through a dangling one", path: "$R/dangling/x", refused: "does not exist"),
        Row(label: "a component that is a file", path: "$R/file/x", refused: "not a directory"),
        Row(label: "a parent that is missing", path: "$R/gone/x", refused: "does not exist"),
    ]

    @Test("resolves what lies beneath it and refuses everything else", arguments: rows)
    func locate(_ row: Row) throws {
        let root = try makeRoot()
        func whole(_ path: String) -> String { path.replacing("$R", with: root.path) }
        do throws(MountError) {
            let path = try root.locate(whole(row.path))
            #expect(path.path == row.found.map(whole))
            let status = try path.status()
            if path.path.hasSuffix("/out") { #expect(status?.kind == .symlink) }
        } catch {
            let word = try #require(row.refused, "\(error)")
            #expect("\(error)".contains(word), "\(error)")
        }
        #expect(folder.names(in: "outside") == ["victim"])
    }

    @Test("a magic link in the root's own proc is not walked")
    func magic() throws {
        let root = try HostRoot("/proc")
        let error = #expect(throws: MountError.self) { _ = try root.locate("/proc/self/root/etc/x") }
        guard case .badPath? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(throws: MountError.self) { _ = try root.locate("/proc/self/fd/0/x") }
    }

    @Test("the whole host can be the root, and a root may be written with a slash at its end")
    func roots() throws {
        #expect(try HostRoot("/").locate("\(folder.path)/x").path == "\(folder.path)/x")
        #expect(try HostRoot("\(folder.path)/").locate("\(folder.path)/x").path == "\(folder.path)/x")
        #expect(throws: MountError.self) { _ = try HostRoot("/").locate("/") }
    }

    @Test(
        "a root is an absolute path to a directory", arguments: ["relative", "", "/nonexistent/holdfast", "/dev/null"])
    func badRoot(_ path: String) {
        #expect(throws: MountError.self) { _ = try HostRoot(path) }
    }

    @Test("what was located stays what it is when a folder above is swapped for a symlink")
    func swappedParent() throws {
        let root = try makeRoot()
        let path = try root.locate("\(root.path)/pods/one/target")
        rename("\(root.path)/pods", "\(root.path)/moved")
        symlink(folder.at("outside"), "\(root.path)/pods")
        _ = folder.makeFolder("outside/one")
        try path.makeDirectory()
        #expect(folder.names(in: "outside/one").isEmpty)
        #expect(folder.exists("root/moved/one/target"))
        try path.remove()
        #expect(!folder.exists("root/moved/one/target"))
    }
}
