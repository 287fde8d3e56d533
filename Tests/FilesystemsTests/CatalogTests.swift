internal import Filesystems
internal import Testing

@Suite("Filesystems: the catalog")
struct CatalogTests {
    @Test("every kind is tested, and found by its name")
    func names() throws {
        #expect(Filesystems.all.map(\.name) == Kind.all.map(\.name))
        for kind in Kind.all { #expect(try kind.filesystem.name == kind.name) }
        #expect(Filesystems.names == "ext4, xfs, btrfs")
        #expect(Filesystems.standard.name == "ext4")
    }

    @Test("no other name is one", arguments: ["", "EXT4", "ext3", "vfat", "ext4 ", "../ext4"])
    func unknown(_ name: String) {
        #expect(Filesystems.named(name) == nil)
    }

    @Test("options that reach beyond the volume are refused, with a reason", arguments: Kind.all)
    func refused(_ kind: Kind) throws {
        for option in kind.refused {
            #expect(try kind.filesystem.refusal(ofMountOption: option)?.isEmpty == false, "\(option)")
        }
    }

    @Test(
        "ordinary options are not", arguments: Kind.all,
        ["noatime", "discard", "errors=remount-ro", "errors=continue", "commit=5", "devices", "x=device", "", "="])
    func accepted(_ kind: Kind, option: String) throws {
        #expect(try kind.filesystem.refusal(ofMountOption: option) == nil)
    }
}

@Suite("CheckExit")
struct CheckExitTests {
    @Test(
        "each sum of bits mounts only if nothing but 'corrected' and 'reboot' is in it",
        arguments: 0...255 as ClosedRange<Int32>)
    func table(_ status: Int32) {
        #expect(CheckExit(rawValue: status).forbidsMount == ![0, 1, 2, 3].contains(status))
    }

    @Test(
        "says what it means",
        arguments: [
            (0, "exit status 0"),
            (1, "exit status 1 (errors corrected)"),
            (3, "exit status 3 (errors corrected, reboot needed)"),
            (4, "exit status 4 (errors left uncorrected)"),
            (5, "exit status 5 (errors corrected, errors left uncorrected)"),
            (6, "exit status 6 (reboot needed, errors left uncorrected)"),
            (8, "exit status 8 (operational error)"),
            (12, "exit status 12 (errors left uncorrected, operational error)"),
            (16, "exit status 16 (usage error)"),
            (32, "exit status 32 (cancelled)"),
            (64, "exit status 64"),
            (128, "exit status 128 (shared library error)"),
        ] as [(Int32, String)])
    func sentence(status: Int32, expected: String) {
        #expect("\(CheckExit(rawValue: status))" == expected)
    }
}
