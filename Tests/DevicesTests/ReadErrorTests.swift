internal import Devices
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

/// 'Could not read' is never 'blank'.
@Suite("Examination of a device that cannot be read", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct ReadErrorTests {
    let folder = TemporaryFolder("readerror")

    private func expectUnreadable(_ device: borrowing BlockDevice, _ location: SourceLocation = #_sourceLocation) {
        do throws(DeviceError) {
            let found = words(for: try Examination.examine(device))
            Issue.record("it was examined and found to be '\(found)'", sourceLocation: location)
        } catch {
            guard case .unreadable(let path, let code) = error else {
                Issue.record("\(error)", sourceLocation: location)
                return
            }
            #expect(path == device.path, sourceLocation: location)
            #expect(code == EIO, sourceLocation: location)
            #expect("\(error)".contains("left untouched"), sourceLocation: location)
        }
    }

    /// The loop driver answers EIO to a read for which its backing file has no bytes at all.
    @Test(
        "the backing file was cut shorter than the device",
        arguments: [0, 4_096, 65_536, 131_072, 1 << 20, 8 << 20] as [Int64])
    func truncated(_ kept: Int64) throws {
        let path = folder.makeImage("image", bytes: 16 << 20)
        let device = try folder.attach("image").device()
        try device.dropCache()
        try #require(truncate(path, off_t(kept)) == 0)
        expectUnreadable(device)
    }

    /// btrfs answers EIO to a read of data that does not fit its checksum. The ends of the device stay readable, so that
    /// it is libblkid that meets the error, and libblkid takes some errors for an absence.
    @Test(
        "a block that signatures are looked for in is damaged beneath",
        arguments: [262_144, 1 << 20] as [Int64])
    func damaged(_ offset: Int64) throws {
        let disk = folder.makeImage("disk", bytes: 256 << 20)
        let point = folder.makeFolder("point")
        // One copy of the metadata, or btrfs would heal what is damaged there; the data has one copy anyway.
        try sh("mkfs.btrfs -q -m single '\(disk)' && mount -o loop '\(disk)' '\(point)'")
        folder.makeImage("point/image", bytes: 96 << 20)
        let marker = Array("holdfast-test damaged block \(offset)".utf8)
        let zeros = [UInt8](repeating: 0, count: 4_096 - marker.count)
        folder.write(marker + zeros, to: "point/image", at: offset)
        try sh("sync -f '\(point)/image' && umount '\(point)'")
        #expect(folder.hasNoLoops())
        let position = try #require(try position(of: marker, in: "disk"))
        folder.write([UInt8](repeating: 0, count: marker.count), to: "disk", at: position)
        try sh("mount -o loop '\(disk)' '\(point)'")

        let device = try folder.attach("point/image").device()
        #expect(throws: SystemError.self, "the block cannot be read") {
            try Files.read(device.descriptor, device.path, at: offset, count: 4_096)
        }
        expectUnreadable(device)
    }

    private func position(of marker: [UInt8], in name: String) throws -> Int64? {
        let text = String(decoding: marker, as: UTF8.self)
        let found = outcome(of: "LC_ALL=C grep -obUaF -m1 '\(text)' '\(folder.at(name))'").output
        return found.split(separator: ":").first.flatMap { Int64($0) }
    }
}
