internal import Devices
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

/// Discards of a thin volume give space back; a thick one never loses any.
@Suite("LoopDevice: discards", .enabled(if: isRoot, "needs root: it attaches loop devices"))
struct LoopDiscardTests {
    let folder = TemporaryFolder("discard")
    private let size: Int64 = 8 << 20

    private func fill(_ device: borrowing BlockDevice) throws {
        try Files.write([UInt8](repeating: 0xa5, count: Int(size)), to: device.descriptor, device.path)
        try device.sync()
    }

    @Test("with discards, what is discarded becomes a hole")
    func thin() throws {
        folder.makeImage("image", bytes: size)
        let device = try folder.attach("image", discards: true).device()
        try fill(device)
        #expect(folder.allocated("image") >= size)
        try sh("blkdiscard '\(device.path)'")
        #expect(folder.allocated("image") < 1 << 20)
    }

    @Test("without, the kernel refuses, and the image keeps its space and content")
    func thick() throws {
        folder.makeImage("image", bytes: size)
        let index: Int
        do {
            let loop = try folder.attach("image", discards: false)
            index = loop.index
            let device = loop.device()
            try fill(device)
            let (status, output) = outcome(of: "blkdiscard -f '\(device.path)'")
            #expect(status != 0 && output.contains("Operation not supported"), "\(output)")
            // Zeroing may unmap; here it has to write.
            try sh("blkdiscard -f -z -l 1M '\(device.path)'")
            try device.sync()
            #expect(folder.allocated("image") >= size)
            #expect(folder.read("image")[1 << 20] == 0xa5)
        }
        LoopDevice.remove(index)
    }

    @Test("a device whose discards were switched off is not used where they are wanted", arguments: 0..<8)
    func spoiled(_: Int) throws {
        folder.makeImage("thick", bytes: 1 << 20)
        folder.makeImage("thin", bytes: size)
        // Closed and not removed, as by a process that was killed: the kernel offers the spoiled device first.
        do { _ = try folder.attach("thick", discards: false) }
        let device = try folder.attach("thin", discards: true).device()
        try fill(device)
        try sh("blkdiscard '\(device.path)'")
        #expect(folder.allocated("thin") < 1 << 20)
    }

    /// The kernel offers a device, another thread removes it, and only then it is opened.
    @Test("attaching goes on while other threads remove the devices that it is offered")
    func races() async throws {
        for number in 0..<4 { folder.makeImage("image\(number)", bytes: 1 << 20) }
        let folder = folder
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    try await HostThread.run { () throws(any Error) in
                        for _ in 0..<30 {
                            let index: Int
                            do {
                                let loop = try folder.attach("image\(number)", discards: false)
                                index = loop.index
                            }
                            LoopDevice.remove(index)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(folder.hasNoLoops())
    }

    @Test("an image is attached by one of many at a time, each to a device of its own")
    func distinct() async throws {
        for number in 0..<16 { folder.makeImage("image\(number)", bytes: 1 << 20) }
        let folder = folder
        let devices = try await withThrowingTaskGroup(of: CInt.self) { group in
            for number in 0..<16 {
                group.addTask {
                    try await HostThread.run { () throws(any Error) in
                        try folder.attach("image\(number)").device().descriptor.number
                    }
                }
            }
            var count: CInt = 0
            for try await _ in group { count += 1 }
            return count
        }
        #expect(devices == 16)
        #expect(folder.hasNoLoops())
    }
}
