internal import Glibc

/// The bytes of secrets, which are overwritten when the store goes. It never changes.
final class SecretStore: @unchecked Sendable {
    /// Where a secret lies.
    struct Entry {
        let name: Range<Int>
        let value: Range<Int>
    }

    typealias Add = (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void

    /// By name, each name once.
    let entries: [Entry]
    private let room: UnsafeMutableRawBufferPointer

    /// `fill` adds secrets, of which the last of each name counts. `capacity` in bytes has to hold all that are added.
    init(capacity: Int, fill: (Add) -> Void) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        func name(_ entry: Entry) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[entry.name]) }
        var added: [Entry] = []
        var used = 0
        func append(_ text: UnsafeRawBufferPointer) -> Range<Int> {
            UnsafeMutableRawBufferPointer(rebasing: room[used...]).copyMemory(from: text)
            defer { used += text.count }
            return used..<used + text.count
        }
        fill { added.append(Entry(name: append($0), value: append($1))) }
        // A later one has its bytes behind those of an earlier one of the same name.
        added.sort { one, other in
            let order = Self.order(name(one), name(other))
            return order == 0 ? one.name.lowerBound < other.name.lowerBound : order < 0
        }
        entries = added.indices.filter { index in
            index + 1 == added.count || Self.order(name(added[index]), name(added[index + 1])) != 0
        }.map { added[$0] }
        self.room = room
    }

    deinit {
        if let start = room.baseAddress { explicit_bzero(start, room.count) }
        room.deallocate()
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[range]) }

    func entry(_ name: UnsafeRawBufferPointer) -> Entry? {
        var candidates = entries[...]
        while !candidates.isEmpty {
            let middle = (candidates.startIndex + candidates.endIndex) / 2
            let order = Self.order(bytes(entries[middle].name), name)
            if order == 0 { return entries[middle] }
            candidates = order < 0 ? candidates[(middle + 1)...] : candidates[..<middle]
        }
        return nil
    }

    private static func order(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Int {
        let common = min(one.count, other.count)
        let order = common == 0 ? 0 : memcmp(one.baseAddress!, other.baseAddress!, common)
        return order == 0 ? one.count - other.count : Int(order)
    }
}
