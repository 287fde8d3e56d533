internal import Glibc
public import Syscalls

/// Finds attached loop devices in sysfs.
public enum AttachedLoops {
    /// The indices of all loop devices that have a backing file now: those with a `loop` folder in sysfs.
    public static func indices() throws(DeviceError) -> [Int] {
        do throws(SystemError) {
            let folder = try Files.open("/sys/block", O_RDONLY | O_DIRECTORY)
            return try Files.names(in: folder, "/sys/block").compactMap { name in
                guard name.hasPrefix("loop"), let index = Int(name.dropFirst(4)) else { return nil }
                return access("/sys/block/\(name)/loop", F_OK) == 0 ? index : nil
            }.sorted()
        } catch {
            throw .system(error)
        }
    }

    /// The loop device that is attached to that very file, if one is.
    public static func find(_ backing: FileIdentity) throws(DeviceError) -> Int? {
        for index in try indices() where try LoopDevice.status(index)?.backing == backing { return index }
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
