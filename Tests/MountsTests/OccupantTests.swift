internal import Devices
internal import Glibc
internal import Mounts
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("HostPath: what stands there")
struct OccupantTests {
    let place: MountFolder

    init() throws { place = try MountFolder() }

    private func occupant(_ name: String) throws -> String { try place.locate(name).occupant().word }

    @Test("kinds that need no mount")
    func kinds() throws {
        let folder = place.folder
        _ = folder.makeFolder("root/directory")
        folder.write("root/empty", "")
        folder.write("root/file", "12345")
        symlink("directory", folder.at("root/link"))
        symlink("gone", folder.at("root/dangling"))
        mkfifo(folder.at("root/pipe"), 0o600)
        let expected = [
            "gone": "nothing", "directory": "directory", "empty": "file of 0", "file": "file of 5", "link": "a symlink",
            "dangling": "a symlink", "pipe": "a pipe",
        ]
        for (name, word) in expected { #expect(try occupant(name) == word, "\(name)") }
    }

    @Test("making says whether it made something, and leaves what is there")
    func make() throws {
        let folder = place.folder
        #expect(try place.locate("new").makeDirectory())
        #expect(try !place.locate("new").makeDirectory())
        #expect(try place.locate("file").makeFile())
        #expect(try !place.locate("file").makeFile())
        folder.write("root/words", "words")
        #expect(try !place.locate("words").makeFile())
        #expect(folder.read("root/words") == Array("words".utf8))
        #expect(try place.locate("new").isEmptyDirectory())
        folder.write("root/new/x", "")
        #expect(try !place.locate("new").isEmptyDirectory())
    }

    @Test("a symlink is not written through")
    func symlinkTarget() throws {
        symlink(place.folder.at("outside/new"), place.folder.at("root/link"))
        #expect(try !place.locate("link").makeFile())
        #expect(try !place.locate("link").makeDirectory())
        #expect(!place.folder.exists("outside/new"))
    }

    struct Removal: Sendable, CustomTestStringConvertible {
        let label: String
        let make: @Sendable (TemporaryFolder) -> Void
        /// A word of the refusal; nil where it is removed.
        let refused: String?
        var testDescription: String { label }
    }

    @Test(
        "removes an empty entry, and never more",
        arguments: [
            Removal(label: "nothing", make: { _ in }, refused: nil),
            Removal(label: "an empty directory", make: { _ = $0.makeFolder("root/x") }, refused: nil),
            Removal(label: "an empty file", make: { $0.write("root/x", "") }, refused: nil),
            Removal(
                label: "a directory with a file",
                make: {
                    _ = $0.makeFolder("root/x")
                    $0.write("root/x/file", "")
                }, refused: "files beneath"),
            Removal(
                label: "a directory with an empty directory",
                make: {
                    _ = $0.makeFolder("root/x")
                    _ = $0.makeFolder("root/x/y")
                }, refused: "files beneath"),
            Removal(label: "a file with content", make: { $0.write("root/x", "1") }, refused: "a file of 1 bytes"),
            Removal(
                label: "a symlink to an empty directory",
                make: {
                    _ = $0.makeFolder("outside/empty")
                    symlink($0.at("outside/empty"), $0.at("root/x"))
                }, refused: "a symlink"),
            Removal(label: "a pipe", make: { mkfifo($0.at("root/x"), 0o600) }, refused: "a pipe"),
        ])
    func remove(_ row: Removal) throws {
        row.make(place.folder)
        let outside = place.folder.names(in: "outside")
        do throws(MountError) {
            try place.locate("x").remove()
            #expect(row.refused == nil)
            #expect(!place.folder.exists("root/x"))
        } catch {
            let word = try #require(row.refused, "\(error)")
            #expect("\(error)".contains(word), "\(error)")
            #expect(place.folder.exists("root/x"))
        }
        #expect(place.folder.names(in: "outside") == outside)
        if row.label.contains("with") { #expect(!place.folder.names(in: "root").isEmpty) }
    }

    @Test("a mount is not removed, whatever its content", .enabled(if: isRoot, "needs root: it mounts"))
    func removeMounted() throws {
        let point = place.folder.makeFolder("root/x")
        try sh("mount -t tmpfs holdfast-source '\(point)'")
        let error = #expect(throws: MountError.self) { try place.locate("x").remove() }
        #expect("\(error!)".contains("a tmpfs mount of holdfast-source"))
        #expect(place.mounts(at: "x") == 1)
    }

    @Test(
        "a filesystem that has failed can still be looked at and unmounted",
        .enabled(if: isRoot, "needs root: it mounts"))
    func failed() throws {
        let device = try place.attach("xfs")
        let path = try place.locate("x")
        try path.makeDirectory()
        try path.mountFilesystem("xfs", device: device.path, options: .none)
        // Shut down, it answers EIO to everybody who looks at it.
        try sh("xfs_io -x -c shutdown '\(path.path)'")
        guard case .filesystem(let mount, let number) = try path.occupant() else {
            Issue.record("not seen as a mount")
            return
        }
        #expect(mount.point == path.path)
        #expect(number == device.number)
        try path.unmount()
        #expect(place.mounts(at: "x") == 0)
    }
}
