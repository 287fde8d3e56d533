internal import Glibc
public import Syscalls

/// Finds attached loop devices in sysfs.
public enum AttachedLoops {
    /// The indices of all loop devices that have a backing file now, in order; with a name, of those alone whose backing
    /// file has, or had when it was deleted, that name.
    ///
    /// The name comes from sysfs, which asks nothing of the backing file's filesystem: a loop device on a dead network
    /// server would hold whoever asks it for its status.
    public static func indices(ofFilesNamed name: String? = nil) throws(DeviceError) -> [Int] {
        do throws(SystemError) {
            let folder = try Files.open("/sys/block", O_RDONLY | O_DIRECTORY)
            return try Files.names(in: folder, "/sys/block").compactMap { block in
                guard block.hasPrefix("loop"), let index = Int(block.dropFirst(4)) else { return nil }
                guard let name else { return access(backingPath(index), F_OK) == 0 ? index : nil }
                return isAttached(index, toFileNamed: name) ? index : nil
            }.sorted()
        } catch {
            throw .system(error)
        }
    }

    /// Whether a loop device has a backing file that has, or had when it was deleted, that name.
    public static func isAttached(_ index: Int, toFileNamed name: String) -> Bool { fileName(index) == name }

    /// The name of a loop device's backing file, or the one that it had when it was deleted; nil without one.
    public static func fileName(_ index: Int) -> String? {
        guard let bytes = try? Files.read(backingPath(index), limit: 1 << 16) else { return nil }
        var backing = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)[...]
        if backing.hasSuffix(deletedMark) { backing = backing.dropLast(deletedMark.count) }
        return backing.split(separator: "/").last.map(String.init)
    }

    private static func backingPath(_ index: Int) -> String { "/sys/block/loop\(index)/loop/backing_file" }

    private static let deletedMark = " (deleted)"

    /// The loop device that is attached to that very file, if one is; with a name, those alone are asked whose backing
    /// file has it.
    public static func find(_ backing: FileIdentity, named name: String? = nil) throws(DeviceError) -> Int? {
        for index in try indices(ofFilesNamed: name) where try LoopDevice.status(index)?.backing == backing {
            return index
        }
        return nil
    }

    /// The index of the loop device with that number. With partitions enabled (`max_part`) the minor is a multiple of
    /// the index, so sysfs is asked.
    public static func index(of device: DeviceNumber) throws(DeviceError) -> Int? {
        var room = [CChar](repeating: 0, count: 256)
        let link = "/sys/dev/block/\(device)"
        let length = readlink(link, &room, room.count - 1)
        if length < 0 {
            if errno == ENOENT { return nil }
            throw .system(.last("look up", link))
        }
        let name =
            String(decoding: room[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: "/").last ?? ""
        return name.hasPrefix("loop") ? Int(name.dropFirst(4)) : nil
    }
}
