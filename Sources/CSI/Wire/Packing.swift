internal import CWire
internal import Glibc

/// A repeated field: protobuf-c's array of pointers, and how many there are.
typealias Repeated<Element> = (UnsafeMutablePointer<UnsafeMutablePointer<Element>?>?, Int)

/// The struct that a map's entry is compiled to. They all have this layout, and these two strings as fields 1 and 2, so
/// one type stands for all of them.
private typealias MapEntry = Csi__V1__Topology__SegmentsEntry

/// Values into fields of compiled structs.
extension Arena {
    func packed(_ text: String) -> UnsafeMutablePointer<CChar> {
        var text = text.utf8.contains(0) ? replacingNUL(text) : text
        return text.withUTF8 { bytes in
            let copy = allocate(bytes.count + 1)
            if let start = bytes.baseAddress { copy.copyMemory(from: start, byteCount: bytes.count) }
            copy.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
            return copy.assumingMemoryBound(to: CChar.self)
        }
    }

    private func replacingNUL(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }

    func compiled<Message: Coded>(_ message: Message) -> UnsafeMutablePointer<Message.Compiled> {
        make(Message.blank) { message.fill(&$0, in: self) }
    }

    func packed<Message: Coded>(_ message: Message?) -> UnsafeMutablePointer<Message.Compiled>? {
        message.map { compiled($0) }
    }

    func packed(_ value: Bool?) -> UnsafeMutablePointer<Google__Protobuf__BoolValue>? {
        value.map { value in make(google__protobuf__bool_value__init) { $0.value = value ? 1 : 0 } }
    }

    func packed(_ value: Int64?) -> UnsafeMutablePointer<Google__Protobuf__Int64Value>? {
        value.map { value in make(google__protobuf__int64_value__init) { $0.value = value } }
    }

    func packed(_ texts: [String]) -> Repeated<CChar> {
        pointers(texts) { packed($0) }
    }

    func packed<Message: Coded>(_ messages: [Message]) -> Repeated<Message.Compiled> {
        pointers(messages) { compiled($0) }
    }

    func packed<Entry>(_ map: [String: String]) -> Repeated<Entry> {
        pointers(map) { key, value in
            let entry = make(csi__v1__topology__segments_entry__init) { (entry: inout MapEntry) in
                entry.key = packed(key)
                entry.value = packed(value)
            }
            return UnsafeMutableRawPointer(entry).assumingMemoryBound(to: Entry.self)
        }
    }

    func packed<Entry>(_ secrets: Secrets) -> Repeated<Entry> {
        var pairs: [(UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CChar>)] = []
        secrets.visit { pairs.append((packed($0), packed($1))) }
        return pointers(pairs) { name, value in
            let entry = make(csi__v1__topology__segments_entry__init) { (entry: inout MapEntry) in
                entry.key = name
                entry.value = value
            }
            return UnsafeMutableRawPointer(entry).assumingMemoryBound(to: Entry.self)
        }
    }

    /// A text of UTF-8 bytes. NUL, which it cannot hold, becomes U+FFFD, as everywhere.
    private func packed(_ text: UnsafeRawBufferPointer) -> UnsafeMutablePointer<CChar> {
        let replacement: [UInt8] = [0xef, 0xbf, 0xbd]
        let copy = allocate(text.count + text.count { $0 == 0 } * (replacement.count - 1) + 1)
        var end = copy.assumingMemoryBound(to: UInt8.self)
        for byte in text {
            for byte in byte == 0 ? replacement : [byte] {
                end.initialize(to: byte)
                end += 1
            }
        }
        end.initialize(to: 0)
        return copy.assumingMemoryBound(to: CChar.self)
    }

    private func pointers<Values: Collection, Element>(
        _ values: Values, _ pack: (Values.Element) -> UnsafeMutablePointer<Element>
    ) -> Repeated<Element> {
        guard !values.isEmpty else { return (nil, 0) }
        typealias Pointer = UnsafeMutablePointer<Element>?
        let array = allocate(values.count * MemoryLayout<Pointer>.stride).bindMemory(
            to: Pointer.self, capacity: values.count)
        for (index, value) in values.enumerated() {
            (array + index).initialize(to: pack(value))
        }
        return (array, values.count)
    }
}

/// The compiled enum keeps every number, named or not.
func packed<Compiled: RawRepresentable<UInt32>>(_ value: some OpenEnum) -> Compiled {
    Compiled(rawValue: UInt32(bitPattern: value.rawValue))!
}

// Fields of compiled structs into values. `WireScan` has found every string to be UTF-8 without NUL.

func unpacked(_ text: UnsafeMutablePointer<CChar>) -> String {
    String(cString: text)
}

func unpacked<Message: Coded>(_ message: UnsafeMutablePointer<Message.Compiled>?) -> Message? {
    guard let message else { return nil }
    return Message(message.pointee)
}

func unpacked<Value: OpenEnum>(_ compiled: some RawRepresentable<UInt32>) -> Value {
    Value(rawValue: Int32(bitPattern: compiled.rawValue))
}

func unpacked(_ texts: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int) -> [String] {
    UnsafeBufferPointer(start: texts, count: count).map { unpacked($0!) }
}

func unpacked<Message: Coded>(
    _ messages: UnsafeMutablePointer<UnsafeMutablePointer<Message.Compiled>?>?, _ count: Int
) -> [Message] {
    UnsafeBufferPointer(start: messages, count: count).map { Message($0!.pointee) }
}

/// The last of several entries with one key wins, as the encoding's rules want it.
func unpacked<Entry>(
    _ entries: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, _ count: Int
) -> [String: String] {
    var map = [String: String](minimumCapacity: count)
    for entry in UnsafeBufferPointer(start: entries, count: count) {
        let entry = UnsafeRawPointer(entry!).load(as: MapEntry.self)
        map[unpacked(entry.key)] = unpacked(entry.value)
    }
    return map
}

/// Without a text in between, which would leave copies in memory.
func unpacked<Entry>(_ entries: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, _ count: Int) -> Secrets {
    let entries = UnsafeBufferPointer(start: entries, count: count).map {
        UnsafeRawPointer($0!).load(as: MapEntry.self)
    }
    func bytes(_ text: UnsafeMutablePointer<CChar>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: text, count: strlen(text))
    }
    let capacity = entries.reduce(0) { $0 + strlen($1.key) + strlen($1.value) }
    return Secrets(
        SecretStore(capacity: capacity) { add in
            for entry in entries { add(bytes(entry.key), bytes(entry.value)) }
        })
}
