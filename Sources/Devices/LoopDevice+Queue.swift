internal import Glibc
internal import Syscalls

/// Settings of a loop device's queue that outlive an attachment: whether discards reach the backing file, and how far the
/// kernel reads ahead.
///
/// A thick volume must keep its allocation, so they are switched off for it. The kernel cannot switch them on again:
/// with discards off the queue's granularity reads 0, which no value that sysfs takes is a multiple of (seen on Linux
/// 6.18), and the setting outlives the attachment. A device that was attached so is therefore removed after its use, and
/// one that was left behind so is not used for a thin volume.
///
/// `write_zeroes_unmap_max_bytes` is newer than Linux 6.16; without it a raw `fallocate` with PUNCH_HOLE on the device
/// still frees space of the image.
enum LoopQueue {
    /// Switches discards off, until the device is removed.
    static func switchOff(_ index: Int) throws(SystemError) {
        for name in ["discard", "write_zeroes_unmap"] {
            let path = "\(queue(index))/\(name)_max_bytes"
            guard let now = try number(path), now != 0 else { continue }
            let file = try Files.open(path, O_WRONLY)
            try Files.write(Array("0\n".utf8), to: file, path)
        }
    }

    /// Whether an earlier use has left discards switched off although the backing file could take them.
    static func isSwitchedOff(_ index: Int) throws(SystemError) -> Bool {
        let most = try number("\(queue(index))/discard_max_hw_bytes") ?? 0
        let now = try number("\(queue(index))/discard_max_bytes") ?? 0
        return most > 0 && now == 0
    }

    /// KiB that the kernel reads ahead on a device that nobody has set up (VM_READAHEAD_PAGES, <linux/mm.h>).
    static let standardReadAhead: Int64 = 128

    /// Sets how far the kernel reads ahead, where that differs.
    static func setReadAhead(_ index: Int, kibibytes: Int64) throws(SystemError) {
        let path = "\(queue(index))/read_ahead_kb"
        guard try number(path) != kibibytes else { return }
        let file = try Files.open(path, O_WRONLY)
        try Files.write(Array("\(kibibytes)\n".utf8), to: file, path)
    }

    private static func queue(_ index: Int) -> String { "/sys/block/loop\(index)/queue" }

    /// The number in a file of sysfs; nil where this kernel does not have the file.
    private static func number(_ path: String) throws(SystemError) -> Int64? {
        do throws(SystemError) {
            let bytes = try Files.read(path, limit: 64)
            return Int64(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }
}
