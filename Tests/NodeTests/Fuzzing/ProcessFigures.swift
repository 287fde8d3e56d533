internal import Glibc
internal import Syscalls

/// What a process holds just now.
struct ProcessFigures: Sendable, CustomStringConvertible {
    /// What each open descriptor is, in order; sockets and anonymous ones without their numbers.
    let descriptors: [String]
    let threads: Int
    let children: Int
    /// Bytes.
    let resident: Int

    init(_ process: Int32) {
        descriptors = names(in: "/proc/\(process)/fd").compactMap { number in
            var room = [CChar](repeating: 0, count: 4_096)
            let length = readlink("/proc/\(process)/fd/\(number)", &room, room.count)
            guard length > 0 else { return nil }
            let text = String(decoding: room[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let isNumbered = text.hasPrefix("socket:") || text.hasPrefix("pipe:")
            return isNumbered ? String(text.prefix { $0 != ":" }) : text
        }.sorted()
        threads = names(in: "/proc/\(process)/task").count
        children = NodeTests.children(of: process).count
        let fields = ((try? Files.read("/proc/\(process)/statm", limit: 4_096)) ?? []).split(separator: 0x20)
        resident = (fields.count > 1 ? Int(String(decoding: fields[1], as: UTF8.self)) ?? 0 : 0) * Int(getpagesize())
    }

    var description: String {
        "\(descriptors.count) descriptors, \(threads) threads, \(children) children, \(resident >> 20) MiB"
    }

    /// The descriptors that are here and not in `before`.
    func newDescriptors(since before: ProcessFigures) -> [String] {
        var left = before.descriptors
        return descriptors.filter { name in
            guard let place = left.firstIndex(of: name) else { return true }
            left.remove(at: place)
            return false
        }
    }
}

extension NodeUnderTest {
    var figures: ProcessFigures { ProcessFigures(daemon.processID) }
}
