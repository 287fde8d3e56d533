internal import Devices
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("LoopDevice", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct LoopDeviceTests {
    let folder = TemporaryFolder("loop")

    /// Linux 6.15 asks the image's filesystem what direct I/O needs, and xfs answers with a whole block for a file that
    /// shares some. A filesystem that was made with sectors of 512 bytes could then not be mounted any more.
    @Test("has sectors of 512 bytes, also when its image shares blocks with another file")
    func sectors() throws {
        let point = folder.makeFolder("xfs")
        let disk = folder.makeImage("disk", bytes: 300 << 20)
        try sh("mkfs.xfs -q '\(disk)' && mount -o loop '\(disk)' '\(point)'")
        try sh("cd '\(point)' && head -c 8M /dev/urandom >image && cp --reflink=always image copy && sync -f .")
        for name in ["xfs/image", "xfs/copy"] {
            let loop = try folder.attach(name)
            #expect(try sh("blockdev --getss \(LoopDevice.path(loop.index))") == "512", "\(name)")
        }
    }

    @Test("is attached to that very file, with its label, and detached on the last close")
    func attach() throws {
        let path = folder.makeImage("image", bytes: 8 << 20)
        let identity = try FileStatus.of(path: path).identity
        var index = -1
        do {
            let loop = try folder.attach("image", label: "holdfast:0123")
            index = loop.index
            let status = try loop.status()
            #expect(status.backing == identity)
            #expect(status.label == "holdfast:0123")
            #expect(!status.isReadOnly)
            #expect(status.detachesOnLastClose)
            #expect(backingFile(ofLoop: index) == path)
            #expect(try LoopDevice.status(index)?.backing == identity, "by index it is the same")
            let device = loop.device()
            #expect(device.path == LoopDevice.path(index))
            #expect(device.size == 8 << 20)
            #expect(device.number.major == LoopDevice.major)
            #expect(try AttachedLoops.index(of: device.number) == index)
        }
        #expect(folder.hasNoLoops())
        #expect(backingFile(ofLoop: index)?.hasPrefix(folder.path) != true)
    }

    @Test("a label of 63 bytes arrives whole, and a longer one is cut there")
    func labels() throws {
        folder.makeImage("image", bytes: 1 << 20)
        let most = String(repeating: "x", count: LoopDevice.labelLimit)
        #expect(try folder.attach("image", label: most).status().label == most)
        #expect(try folder.attach("image", label: most + "yz").status().label == most)
        #expect(try folder.attach("image", label: "").status().label == "")
    }

    enum Change: String, CaseIterable, CustomTestStringConvertible {
        case none = "as it was attached"
        case renamed = "renamed"
        case replaced = "replaced by another file of its name"
        case unlinked = "unlinked"
        var testDescription: String { rawValue }
    }

    @Test("is found by its backing file's identity, whatever became of the name", arguments: Change.allCases)
    func find(_ change: Change) throws {
        let path = folder.makeImage("image", bytes: 1 << 20)
        let identity = try FileStatus.of(path: path).identity
        let loop = try folder.attach("image")
        switch change {
        case .none: break
        case .renamed: rename(path, folder.at("other"))
        case .replaced:
            folder.makeImage("new", bytes: 1 << 20)
            rename(folder.at("new"), path)
        case .unlinked: unlink(path)
        }
        #expect(try AttachedLoops.find(identity) == loop.index)
        #expect(try loop.status().backing == identity)
        #expect(try AttachedLoops.indices().contains(loop.index))
        if change == .replaced {
            let newcomer = try FileStatus.of(path: path).identity
            #expect(try AttachedLoops.find(newcomer) == nil, "a file of the same name is another file")
        }
    }

    @Test("a copy with the same content and label is not the same")
    func otherFile() throws {
        folder.makeImage("image", bytes: 1 << 20)
        folder.makeImage("copy", bytes: 1 << 20)
        let loop = try folder.attach("image")
        let copy = try folder.attach("copy")
        #expect(loop.index != copy.index)
        #expect(try AttachedLoops.find(try FileStatus.of(path: folder.at("copy")).identity) == copy.index)
    }

    @Test("keep outlives the last close, and detach ends it")
    func keep() throws {
        folder.makeImage("image", bytes: 1 << 20)
        var index = -1
        do {
            let loop = try folder.attach("image", label: "kept")
            index = loop.index
            let device = loop.device()
            try LoopDevice.keep(device)
        }
        #expect(folder.loops == [index])
        let status = try #require(try LoopDevice.status(index))
        #expect(!status.detachesOnLastClose)
        #expect(status.label == "kept", "the rest of the status is as it was")
        do {
            switch try LoopDevice.open(index) {
            case .some(let again): try LoopDevice.detach(again.device())
            case .none: Issue.record("it is not attached")
            }
        }
        #expect(folder.hasNoLoops())
    }

    @Test("detach while somebody has the device open waits for him, and never takes it away")
    func detachWhileOpen() throws {
        folder.makeImage("image", bytes: 1 << 20)
        let device = try folder.attach("image").device()
        try LoopDevice.keep(device)
        do {
            let other = try BlockDevice.open(device.path)
            try LoopDevice.detach(other)
        }
        #expect(folder.loops.count == 1)
        #expect(try Files.read(device.descriptor, device.path, at: 0, count: 512).count == 512)
        _ = consume device
        #expect(folder.hasNoLoops())
    }

    @Test("a device that nothing is attached to is nothing")
    func absent() throws {
        #expect(try LoopDevice.status(9_999_999) == nil)
        switch try LoopDevice.open(9_999_999) {
        case .some: Issue.record("it was opened")
        case .none: break
        }
        #expect(try AttachedLoops.index(of: DeviceNumber(major: 7, minor: 1_048_000)) == nil)
        #expect(try AttachedLoops.index(of: DeviceNumber(major: 0, minor: 99)) == nil)
        #expect(try AttachedLoops.find(try FileStatus.of(path: folder.path).identity) == nil)
    }

    @Test("write protection that an earlier use left behind is taken off", arguments: 0..<4)
    func protection(_: Int) throws {
        folder.makeImage("image", bytes: 1 << 20)
        do {
            let device = try folder.attach("image").device()
            try device.setReadOnly(true)
            #expect(try device.isReadOnly())
        }
        let device = try folder.attach("image").device()
        #expect(try !device.isReadOnly())
        try Files.write([1], to: device.descriptor, device.path)
    }

    @Test("what cannot be a backing file is an error that leaves nothing attached")
    func refused() throws {
        let directory = try Files.open(folder.path, O_RDONLY | O_DIRECTORY)
        #expect(throws: DeviceError.self) { _ = try LoopDevice.attach(directory, label: "x", discards: true) }
        #expect(folder.loops.isEmpty)
    }
}

@Suite("BlockDevice", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct BlockDeviceTests {
    let folder = TemporaryFolder("block")

    private func code(opening path: String) -> CInt? {
        do throws(SystemError) {
            _ = try BlockDevice.open(path)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("is a block device or an error")
    func open() throws {
        folder.makeImage("image", bytes: 1 << 20)
        let loop = try folder.attach("image")
        symlink(LoopDevice.path(loop.index), folder.at("link"))
        #expect(code(opening: LoopDevice.path(loop.index)) == nil)
        #expect(code(opening: folder.at("image")) == ENOTBLK)
        #expect(code(opening: "/dev/null") == ENOTBLK)
        #expect(code(opening: folder.at("link")) == ELOOP)
        #expect(code(opening: folder.at("gone")) == ENOENT)
    }

    @Test("one opened for reading cannot be written")
    func readOnly() throws {
        folder.makeImage("image", bytes: 1 << 20)
        let loop = try folder.attach("image")
        let device = try BlockDevice.open(LoopDevice.path(loop.index), readOnly: true)
        #expect(device.size == 1 << 20)
        #expect(throws: SystemError("write", device.path, code: EBADF)) {
            try Files.write([1], to: device.descriptor, device.path)
        }
    }

    @Test("what was written and synced is in the image")
    func sync() throws {
        folder.makeImage("image", bytes: 1 << 20)
        let device = try folder.attach("image").device()
        try Files.write(Array("holdfast".utf8), to: device.descriptor, device.path)
        try device.sync()
        #expect(folder.read("image").prefix(8) == Array("holdfast".utf8)[...])
    }
}
