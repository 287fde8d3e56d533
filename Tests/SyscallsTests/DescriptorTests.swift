internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Descriptor")
struct DescriptorTests {
    let folder = TemporaryFolder("descriptor")

    /// Whether a number of this process is still open on the file with that path.
    private func isOpen(_ number: CInt, on path: String) -> Bool {
        var room = [CChar](repeating: 0, count: 4_096)
        let length = readlink("/proc/self/fd/\(number)", &room, room.count - 1)
        return length >= 0 && String(decoding: room[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) == path
    }

    @Test("closes when it goes out of scope")
    func closes() throws {
        let path = folder.write("file", "x")
        var number: CInt = -1
        do {
            let file = try Files.open(path, O_RDONLY)
            number = file.number
            #expect(isOpen(number, on: path))
        }
        #expect(!isOpen(number, on: path))
    }

    @Test("closes once: what is opened at the same number afterwards stays open")
    func closesOnce() throws {
        let first = folder.write("first", "x")
        let second = folder.write("second", "x")
        var taken: CInt = -1
        do {
            let file = try Files.open(first, O_RDONLY)
            try file.close(first)
            // The lowest free number, which is the one just closed unless another test was quicker.
            taken = open(second, O_RDONLY | O_CLOEXEC)
        }
        #expect(isOpen(taken, on: second))
        close(taken)
    }

    @Test("a released number is the caller's to close")
    func release() throws {
        let path = folder.write("file", "x")
        let number = try Files.open(path, O_RDONLY).release()
        #expect(isOpen(number, on: path))
        #expect(close(number) == 0)
    }

    @Test("is close-on-exec, opened by path or in a folder")
    func closeOnExec() throws {
        let path = folder.write("file", "x")
        let byPath = try Files.open(path, O_RDONLY)
        let directory = try Files.open(folder.path, O_RDONLY | O_DIRECTORY)
        let byName = try Files.open("file", in: directory, O_RDWR)
        for number in [byPath.number, directory.number, byName.number] {
            #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test("closing by hand closes, and an ordinary close is no error")
    func closeByHand() throws {
        let path = folder.write("file", "x")
        let file = try Files.open(path, O_RDONLY)
        let number = file.number
        try file.close(path)
        #expect(!isOpen(number, on: path))
    }
}

@Suite("SystemError")
struct SystemErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let error: SystemError
        let sentence: String
        var testDescription: String { sentence }
    }

    @Test(
        "says what was tried, on what, and what the kernel meant",
        arguments: [
            Row(
                error: SystemError("open", "/x", code: ENOENT),
                sentence: "could not open /x: No such file or directory (ENOENT)"),
            Row(
                error: SystemError("attach a loop device to", "/a b", code: EBUSY),
                sentence: "could not attach a loop device to /a b: Device or resource busy (EBUSY)"),
            Row(
                error: SystemError("mount", "/dev/loop3", code: EINVAL, detail: "ext4: Unknown parameter 'x'"),
                sentence: "could not mount /dev/loop3: ext4: Unknown parameter 'x': Invalid argument (EINVAL)"),
            Row(error: SystemError("read", "/x", code: EIO), sentence: "could not read /x: Input/output error (EIO)"),
            Row(error: SystemError("read", "/x", code: 4_095), sentence: "could not read /x: error 4095"),
        ])
    func sentence(_ row: Row) {
        #expect("\(row.error)" == row.sentence)
    }

    @Test("the last error is read from errno")
    func last() {
        errno = ENOTDIR
        #expect(SystemError.last("open", "x") == SystemError("open", "x", code: ENOTDIR))
    }

    @Test(
        "knows which errors mean a lack of space",
        arguments: [(ENOSPC, true), (EDQUOT, true), (EFBIG, false), (EIO, false), (EROFS, false), (ENOMEM, false)])
    func outOfSpace(code: CInt, expected: Bool) {
        #expect(SystemError("write", "x", code: code).isOutOfSpace == expected)
    }
}
