internal import Glibc

extension TemporaryFolder {
    /// Makes a file of that many bytes that holds nothing but a hole, and returns its path.
    @discardableResult
    public func makeImage(_ name: String, bytes: Int64) -> String {
        let file = open(at(name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0, ftruncate(file, off_t(bytes)) == 0 else { fatalError("make \(at(name)): errno \(errno)") }
        close(file)
        return at(name)
    }

    /// Writes bytes at an offset of a file in the folder, whose length otherwise stays.
    public func write(_ bytes: [UInt8], to name: String, at offset: Int64) {
        let file = open(at(name), O_WRONLY | O_CLOEXEC)
        guard file >= 0, pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count else {
            fatalError("write \(at(name)): errno \(errno)")
        }
        close(file)
    }

    /// The bytes of a file in the folder.
    public func read(_ name: String) -> [UInt8] {
        guard let file = fopen(at(name), "re") else { fatalError("read \(at(name)): errno \(errno)") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Copies a file of the folder aside, for `isUnchanged`.
    public func remember(_ name: String) throws {
        try sh("cp --sparse=always '\(at(name))' '\(at(name)).before'")
    }

    /// Whether a file of the folder holds byte for byte what it held when it was remembered.
    public func isUnchanged(_ name: String) -> Bool {
        outcome(of: "cmp '\(at(name))' '\(at(name)).before'").status == 0
    }

    /// Bytes that are allocated to a file in the folder.
    public func allocated(_ name: String) -> Int64 {
        var status = stat()
        guard stat(at(name), &status) == 0 else { return -1 }
        return Int64(status.st_blocks) * 512
    }

    /// The names in a subfolder, in order.
    public func names(in subfolder: String) -> [String] {
        guard let folder = opendir(at(subfolder)) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    public func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(at(name), &status) == 0
    }

    /// Indices of the loop devices whose backing file lies, or lay until it was deleted or renamed, in the folder.
    public var loops: [Int] {
        guard let blocks = opendir("/sys/block") else { return [] }
        defer { closedir(blocks) }
        var indices: [Int] = []
        while let entry = readdir(blocks) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix("loop"), let index = Int(name.dropFirst(4)) else { continue }
            if backingFile(ofLoop: index)?.hasPrefix("\(path)/") == true { indices.append(index) }
        }
        return indices.sorted()
    }

    /// Waits for the kernel to have detached all loop devices of the folder. The last close detaches, and anybody who
    /// looks at all devices just now may be the last.
    public func hasNoLoops() -> Bool {
        for _ in 0..<2_000 {
            if loops.isEmpty { return true }
            usleep(5_000)
        }
        return false
    }

    /// Detaches what is still attached, whatever a failed test has left.
    func detachLoops() {
        for index in loops {
            let device = open("/dev/loop\(index)", O_RDONLY | O_CLOEXEC)
            guard device >= 0 else { continue }
            let clear: UInt = 0x4c01  // LOOP_CLR_FD
            _ = ioctl(device, clear, 0 as CInt)
            close(device)
        }
    }
}

/// What sysfs calls the backing file of an attached loop device.
public func backingFile(ofLoop index: Int) -> String? {
    guard let file = fopen("/sys/block/loop\(index)/loop/backing_file", "re") else { return nil }
    defer { fclose(file) }
    var room = [UInt8](repeating: 0, count: 4_200)
    let count = fread(&room, 1, room.count, file)
    return count > 0 ? String(decoding: room[..<(count - 1)], as: UTF8.self) : nil
}
