internal import Devices
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

/// The tests' own disk: what others rest on must do as it is told.
@Suite("The tests' faulty disk", .enabled(if: isRoot, "needs root: it mounts, and attaches loop devices"))
struct FaultyDiskTests {
    let folder = TemporaryFolder("disk")
    private static let size: Int64 = 16 << 20

    private func makeDisk() throws -> FaultyDisk {
        try FaultyDisk(folder.makeImage("backing", bytes: Self.size), at: folder.at("disk"))
    }

    private func pattern(_ seed: UInt8, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) ^ UInt8(truncatingIfNeeded: $0 >> 8) &+ seed }
    }

    @Test("what is written to a loop device on it passes through, discards and size too")
    func passes() throws {
        let disk = try makeDisk()
        do {
            let device = try folder.attach("disk").device()
            #expect(device.size == Self.size)
            try Files.write(pattern(1, 3 << 20), to: device.descriptor, device.path, at: 1 << 20)
            try device.sync()
            try device.dropCache()
            #expect(try Files.read(device.descriptor, device.path, at: 1 << 20, count: 3 << 20) == pattern(1, 3 << 20))
            try sh("blkdiscard -o 1M -l 1M '\(device.path)'")
        }
        let bytes = folder.read("backing")
        #expect(bytes[(1 << 20)..<(2 << 20)].allSatisfy { $0 == 0 })
        #expect(bytes[(2 << 20)..<(4 << 20)] == pattern(1, 3 << 20)[(1 << 20)...])
        #expect(folder.hasNoLoops())
        #expect(folder.mountPoints == [disk.path])
    }

    @Test("it lies over an image that exists, and on a filesystem of its own")
    func overImage() throws {
        folder.makeImage("image", bytes: 4_096)
        folder.write(pattern(9, 4_096), to: "image", at: 0)
        do {
            let disk = try FaultyDisk(folder.makeImage("backing", bytes: Self.size), at: folder.at("image"))
            #expect(try FileStatus.of(path: disk.path).size == Self.size)
            try sh("mkfs.ext4 -q '\(disk.path)' && mkdir '\(folder.at("point"))'")
            try sh("mount -o loop '\(disk.path)' '\(folder.at("point"))' && umount '\(folder.at("point"))'")
        }
        #expect(folder.read("image") == pattern(9, 4_096))
        #expect(folder.mountPoints == [])
    }

    @Test("EIO on request, everywhere or in a range, until it is healed", arguments: FaultyDisk.Deed.allCases)
    func fails(_ deed: FaultyDisk.Deed) throws {
        let disk = try makeDisk()
        let device = try folder.attach("disk").device()
        try perform(deed, on: device, at: 1 << 20)
        disk.fail(deed, in: (1 << 20)..<(2 << 20))
        #expect(throws: SystemError.self) { try perform(deed, on: device, at: 1 << 20) }
        if deed != .sync { try perform(deed, on: device, at: 4 << 20) }
        for other in FaultyDisk.Deed.allCases where other != deed && deed != .sync {
            try perform(other, on: device, at: 4 << 20)
        }
        disk.heal()
        try perform(deed, on: device, at: 1 << 20)
        disk.fail(deed)
        #expect(throws: SystemError.self) { try perform(deed, on: device, at: 6 << 20) }
    }

    private func perform(_ deed: FaultyDisk.Deed, on device: borrowing BlockDevice, at offset: Int64) throws {
        switch deed {
        case .read:
            try device.dropCache()
            _ = try Files.read(device.descriptor, device.path, at: offset, count: 4_096)
        case .write:
            try Files.write(pattern(2, 4_096), to: device.descriptor, device.path, at: offset)
            try Files.sync(device.descriptor, device.path)
        case .sync: try Files.sync(device.descriptor, device.path)
        }
    }

    @Test("a read or write that hangs holds only itself, and is done when the disk is healed")
    func hangs() async throws {
        let disk = try makeDisk()
        let loop = try folder.attach("disk")
        #expect(try loop.status().usesDirectIO)
        let device = LoopDevice.path(loop.index)
        disk.hang(.read, .write, in: (1 << 20)..<(2 << 20))
        let sample = pattern(3, 4_096)
        async let read = HostThread.run { () throws(SystemError) in
            try Files.read(try Files.open(device, O_RDONLY), device, at: 1 << 20, count: 4_096)
        }
        async let written: Void = HostThread.run { () throws(SystemError) in
            let file = try Files.open(device, O_RDWR)
            try Files.write(sample, to: file, device, at: (1 << 20) + 524_288)
            try Files.sync(file, device)
        }
        while disk.hanging < 2 { try await Task.sleep(for: .milliseconds(1)) }

        try await HostThread.run { () throws(SystemError) in
            let file = try Files.open(device, O_RDWR)
            try Files.write(sample, to: file, device, at: 4 << 20)
            #expect(try Files.read(file, device, at: 8 << 20, count: 4_096) == [UInt8](repeating: 0, count: 4_096))
            // Not through the device, whose cache would wait for the write that hangs.
            #expect(try Files.read(try Files.open(disk.path, O_RDONLY), disk.path, at: 3 << 20, count: 1) == [0])
        }
        #expect(disk.hanging >= 2, "both hang still")
        disk.heal()
        #expect(try await read == [UInt8](repeating: 0, count: 4_096))
        try await written
        #expect(folder.read("backing")[((1 << 20) + 524_288)...].prefix(4_096) == sample[...])
    }

    @Test("its end is an error for what hangs on it, and nothing is left")
    func ends() async throws {
        var disk: FaultyDisk? = try makeDisk()
        disk?.hang(.read)
        let path = folder.at("disk")
        async let code = HostThread.run { () -> CInt in
            do throws(SystemError) {
                _ = try Files.read(try Files.open(path, O_RDONLY), path, at: 0, count: 1)
                return 0
            } catch {
                return error.code
            }
        }
        while disk?.hanging == 0 { try await Task.sleep(for: .milliseconds(1)) }
        disk = nil
        #expect(await code == ECONNABORTED)
        #expect(folder.mountPoints == [])
    }

    @Test(
        "its log holds every write and flush in order, and builds the same image again",
        arguments: ["ext4", "xfs", "btrfs"])
    func logs(_ type: String) throws {
        let size: Int64 = 320 << 20
        let disk = try FaultyDisk(folder.makeImage("backing", bytes: size), at: folder.at("disk"))
        disk.startLog()
        let point = folder.makeFolder("point")
        let loop = try sh("losetup --direct-io=on --show -f '\(disk.path)'")
        try sh("mkfs.\(type) -q \(loop) && mount \(loop) '\(point)'")
        let before = disk.position
        try sh("head -c 5M /dev/urandom >'\(point)/file' && sync -f '\(point)/file'")
        let entries = disk.log.entries[before...]
        let flush = entries.lastIndex { if case .sync = $0 { true } else { false } }
        let written = entries.prefix(upTo: flush ?? before).reduce(0) { sum, entry in
            if case .write(_, let bytes) = entry { sum + bytes.count } else { sum }
        }
        #expect(written >= 5 << 20, "the data, and behind it the filesystem's flush, have come down to the disk")
        try sh("fstrim '\(point)' && umount '\(point)' && losetup -d \(loop)")
        folder.makeImage("replayed", bytes: size)
        try DiskLog.lay(disk.log.entries, onto: folder.at("replayed"))
        #expect(outcome(of: "cmp '\(folder.at("backing"))' '\(folder.at("replayed"))'") == (0, ""))
    }
}
