internal import Glibc
public import Syscalls

/// All memory of a process that it may have written to: what a core dump would hold.
public enum ProcessMemory {
    /// A place where a text was found.
    public struct Finding: CustomStringConvertible {
        let address: UInt
        let map: Substring
        let around: String
        public var description: String { "at 0x\(String(address, radix: 16)) in \(map): \(around)" }
    }

    /// Where the bytes of `text` are, at most 20 places.
    public static func find(_ text: String, in process: Int32) throws(SystemError) -> [Finding] {
        let maps = String(decoding: try Files.read("/proc/\(process)/maps", limit: 1 << 24), as: UTF8.self)
        let memory = try Files.open("/proc/\(process)/mem", O_RDONLY)
        var findings: [Finding] = []
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard bounds.count == 2, fields[1].hasPrefix("rw") else { continue }
            search(bounds[0]..<bounds[1], of: memory, for: Array(text.utf8)) { address, around in
                if findings.count < 20 { findings.append(Finding(address: address, map: line, around: around)) }
            }
        }
        return findings
    }

    private static func search(
        _ range: Range<UInt>, of memory: borrowing Descriptor, for text: [UInt8], _ found: (UInt, String) -> Void
    ) {
        let step = 1 << 20
        var room = [UInt8](repeating: 0, count: step + text.count)
        let number = memory.number
        for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            let wanted = min(room.count, Int(range.upperBound - start))
            room.withUnsafeMutableBytes { room in
                let count = pread(number, room.baseAddress!, wanted, off_t(start))
                guard count > 0, let offset = offset(of: text, in: UnsafeRawBufferPointer(rebasing: room[..<count]))
                else { return }
                let around = room[max(0, offset - 48)..<min(count, offset + 80)]
                found(start + UInt(offset), String(decoding: around, as: UTF8.self).debugDescription)
            }
        }
    }

    private static func offset(of text: [UInt8], in room: UnsafeRawBufferPointer) -> Int? {
        var start = 0
        while room.count - start >= text.count {
            guard let place = memchr(room.baseAddress! + start, CInt(text[0]), room.count - start) else { return nil }
            let offset = room.baseAddress!.distance(to: UnsafeRawPointer(place))
            if room.count - offset < text.count { return nil }
            if memcmp(place, text, text.count) == 0 { return offset }
            start = offset + 1
        }
        return nil
    }
}
