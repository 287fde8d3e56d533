internal import Devices
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Devices of a file pool", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct FilePoolDeviceTests {
    /// The kernel gives a loop device's number to the next who attaches something, and that may be anything.
    @Test("a remembered number that is somebody else's by now is not asked: its trouble is not the volume's")
    func strangersNumber() throws {
        let folder = FilePoolFolder()
        let other = TemporaryFolder("stranger")
        try folder.served { pool, _ in
            let record = try pool.make("v")
            let index: Int
            do { index = Int(try pool.attach(record).device.number.minor) }
            let device = LoopDevice.path(index)
            #expect(folder.folder.hasNoLoops())
            do {
                let disk = try FaultyDisk(other.makeImage("backing", bytes: 16 << 20), at: other.at("disk"))
                try sh("losetup \(device) '\(disk.path)'")
            }
            defer { _ = outcome(of: "losetup -d \(device)") }
            // Its server has gone: who asks the device for its backing file is answered with an error.
            #expect(throws: DeviceError.self) { try LoopDevice.status(index) }
            let isNew = try pool.attach(record).isNew
            #expect(isNew)
        }
    }
}
