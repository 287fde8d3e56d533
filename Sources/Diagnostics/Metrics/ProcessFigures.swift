internal import Glibc

/// What the kernel says of this process now.
public struct ProcessFigures: Sendable {
    /// Bytes of memory that are in use, those of shared libraries included.
    public let residentBytes: Int64
    /// The same without what is backed by files.
    public let anonymousBytes: Int64
    public let openDescriptors: Int64
    public let threads: Int64
    /// Processor time used, in seconds.
    public let processorSeconds: Double

    /// Nil where `/proc` is not there.
    public static var now: ProcessFigures? {
        guard let status = read("/proc/self/status"), let descriptors = count("/proc/self/fd") else { return nil }
        func number(_ key: String) -> Int64? {
            for line in status.split(separator: "\n") where line.hasPrefix("\(key):") {
                return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int64($0) }
            }
            return nil
        }
        guard let resident = number("VmRSS"), let threads = number("Threads") else { return nil }
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        return ProcessFigures(
            residentBytes: resident * 1_024, anonymousBytes: (number("RssAnon") ?? 0) * 1_024,
            // Less the one that counted them.
            openDescriptors: descriptors - 1, threads: threads,
            processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var room = [UInt8](repeating: 0, count: 8_192)
        let count = Glibc.read(file, &room, room.count)
        return count > 0 ? String(decoding: room.prefix(count), as: UTF8.self) : nil
    }

    /// How many entries a folder has.
    private static func count(_ path: String) -> Int64? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var entries: Int64 = 0
        while readdir(folder) != nil { entries += 1 }
        return entries - 2
    }
}
