/// Makes messages that no honest peer sends out of messages that one does.
public struct WireMutator: Sendable {
    public var generator: SeededGenerator
    /// Texts that mean something to the receiver: ids, paths, keys, values.
    private let texts: [[UInt8]]
    /// Every so many messages hold something very large.
    private let largeEvery: Int

    public init(generator: SeededGenerator, texts: [[UInt8]], largeEvery: Int) {
        self.generator = generator
        self.texts = texts
        self.largeEvery = largeEvery
    }

    /// One message out of `message`. Fields may come out of `other`.
    public mutating func mutated(_ message: [UInt8], other: [UInt8]) -> [UInt8] {
        switch generator.below(32) {
        case 0: return generator.bytes(generator.below(200))
        case 1: return message
        case 2: return [UInt8](message.prefix(generator.below(message.count + 1)))
        case 3...6: return changedBytes(message)
        default: break
        }
        guard var fields = [WireField](wire: message[...]) else { return changedBytes(message) }
        let donor = [WireField](wire: other[...]) ?? []
        if generator.once(in: largeEvery) {
            makeLarge(&fields)
        } else {
            for _ in 0...generator.below(3) { change(&fields, donor, depth: 0) }
        }
        let bytes = fields.wireBytes
        return generator.once(in: 16) ? changedBytes(bytes) : bytes
    }

    private mutating func changedBytes(_ message: [UInt8]) -> [UInt8] {
        var bytes = message
        for _ in 0...generator.below(4) {
            let place = generator.below(bytes.count + 1)
            switch generator.below(4) {
            case 0: bytes.insert(UInt8(truncatingIfNeeded: generator.next()), at: place)
            case 1: bytes.insert(contentsOf: generator.bytes(generator.below(12)), at: place)
            case 2 where place < bytes.count: bytes.remove(at: place)
            default: if place < bytes.count { bytes[place] ^= 1 << UInt8(generator.below(8)) }
            }
        }
        return bytes
    }

    private mutating func change(_ fields: inout [WireField], _ donor: [WireField], depth: Int) {
        let place = fields.isEmpty ? nil : generator.below(fields.count)
        if let place, depth < 8, !generator.once(in: 3), case .message(var inner) = fields[place].content {
            change(&inner, donor, depth: depth + 1)
            fields[place].content = .message(inner)
            return
        }
        guard let place else { return fields.append(strange()) }
        switch generator.below(16) {
        case 0: fields.remove(at: place)
        case 1: fields.append(fields[place])
        case 2: fields.shuffle(using: &generator)
        case 3: fields[place].number = numbers()
        case 4: fields.insert(strange(), at: place)
        case 5: if !donor.isEmpty { fields.append(generator.element(donor)) }
        case 6: if !donor.isEmpty { fields[place].content = generator.element(donor).content }
        case 7:
            for _ in 0...generator.below(generator.once(in: 8) ? 2_000 : 40) {
                fields[place].content = .message([WireField(UInt64(1 + generator.below(8)), fields[place].content)])
            }
        case 8: fields[place].content = strange().content
        default: fields[place].content = edge(of: fields[place].content)
        }
    }

    /// Another value of the same type on the wire, one where mistakes are made.
    private mutating func edge(of content: WireContent) -> WireContent {
        switch content {
        case .varint: .varint(edgeNumber())
        case .fixed64: .fixed64(generator.bytes(8))
        case .fixed32: .fixed32(generator.bytes(4))
        case .bytes(let bytes): .bytes(edgeText(bytes))
        case .message(let fields): generator.once(in: 2) ? .message([]) : .message(fields + fields)
        case .raw(let type, _): .raw(type: type, generator.bytes(generator.below(12)))
        }
    }

    private mutating func edgeNumber() -> UInt64 {
        let edges: [Int64] = [
            0, 1, 2, 3, 5, 7, 9, 127, 128, 4_096, 1 << 24, 1 << 30, Int64(Int32.max), Int64(Int32.min), 1 << 31,
            1 << 32,
            1 << 40, 1 << 53, 1 << 62, .max, .max - 1, .max - 4_095, .min, .min + 1, -1, -4_096,
        ]
        return generator.once(in: 4)
            ? generator.next() >> UInt64(generator.below(64))
            : UInt64(bitPattern: generator.element(edges))
    }

    private mutating func edgeText(_ text: [UInt8]) -> [UInt8] {
        switch generator.below(12) {
        case 0: return []
        case 1: return text + generator.element(Self.badUTF8)
        case 2: return text.prefix(generator.below(text.count + 1)) + [0] + generator.element(texts)
        case 3: return text + generator.element(Self.odd)
        case 4: return generator.element(Self.odd) + text
        case 5:
            return [UInt8](repeating: 0x61, count: generator.element([63, 64, 127, 128, 129, 255, 256, 4_095, 4_096]))
        case 6: return text + Array("/".utf8) + generator.element(texts)
        case 7: return changedBytes(text)
        default: return generator.element(texts)
        }
    }

    private static let badUTF8: [[UInt8]] = [
        [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2],
    ]

    /// Pieces of paths, of formats and of scripts.
    private static let odd: [[UInt8]] = [
        "/", "//", "/.", "/..", "/../", "../", "./", "\n", "\t", "\r", " ", "\\", "\"", "'", "%s%n", "%00", "\u{7f}",
        "\u{1b}[2J", "\u{202e}", "\u{fffd}", "\u{feff}", "é", "e\u{301}", "𝕏", "=", ",", ";", "-", "--", "~", "*",
        "$(id)",
        "/proc/self/root", "/proc/self/cwd", "/proc/self/fd/0", "\u{85}", "=x,=", "0", "-1", "9223372036854775808",
    ].map { Array($0.utf8) }

    private mutating func numbers() -> UInt64 {
        generator.once(in: 4)
            ? generator.element([0, 15, 16, 99, 1 << 28, (1 << 29) - 1, 1 << 29, 1 << 32, 1 << 60])
            : UInt64(1 + generator.below(12))
    }

    /// A field of any number and any type.
    private mutating func strange() -> WireField {
        let content: WireContent =
            switch generator.below(8) {
            case 0, 1: .varint(edgeNumber())
            case 2: .fixed64(generator.bytes(8))
            case 3: .fixed32(generator.bytes(4))
            case 4, 5: .bytes(edgeText(generator.element(texts)))
            case 6: .message([WireField(1, .bytes(generator.element(texts))), WireField(2, .varint(edgeNumber()))])
            // Groups, types that do not exist, lengths that lie, integers without end.
            default:
                .raw(
                    type: UInt64(generator.below(8)), generator.element(Self.lies) + generator.bytes(generator.below(4))
                )
            }
        return WireField(numbers(), content)
    }

    private static let lies: [[UInt8]] = [
        [], [0x7f], [0xff, 0xff, 0xff, 0xff, 0x0f], [UInt8](repeating: 0xff, count: 9) + [1],
        [UInt8](repeating: 0xff, count: 9) + [0x7f], [UInt8](repeating: 0x80, count: 9) + [0],
        [UInt8](repeating: 0xff, count: 12),
    ]

    /// 10,000 of a field, a text of 4 MiB and about the limit of a message, or a field number in a million empty pieces.
    private mutating func makeLarge(_ fields: inout [WireField]) {
        guard !fields.isEmpty else {
            return fields.append(WireField(1, .bytes([UInt8](repeating: 0x61, count: 1 << 20))))
        }
        let place = generator.below(fields.count)
        switch generator.below(5) {
        case 0, 1:
            let many = (0..<10_000).map { index -> WireField in
                if case .message = fields[place].content {
                    let key = Array("key \(index)".utf8)
                    return WireField(
                        fields[place].number, .message([WireField(1, .bytes(key)), WireField(2, .bytes(key))]))
                }
                return fields[place]
            }
            fields.append(contentsOf: many)
        case 2: fields[place].content = .bytes([UInt8](repeating: 0x62, count: (4 << 20) - 5 - generator.below(40)))
        case 3:
            let letter = Array("é".utf8)
            fields[place].content = .bytes((0..<(2 << 20)).map { letter[$0 & 1] })
        default: fields[place].content = .bytes([UInt8](repeating: 0x2f, count: 4 << 20))
        }
    }
}
