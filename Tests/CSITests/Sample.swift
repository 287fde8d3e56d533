internal import CSI
internal import Testing

/// One message of the protocol for tests of all of them, its type forgotten.
struct Sample: CustomTestStringConvertible, Sendable {
    let message: any WireMessage
    let fullName: String

    /// The names of the fields that are not set.
    let unset: [String]

    private let decodes: @Sendable ([UInt8]) throws -> any WireMessage
    private let isFilled: @Sendable (any WireMessage) -> Bool
    private let isBlank: @Sendable (any WireMessage) -> Bool

    init<Message: WireMessage>(_ filled: Message, _ blank: Message) {
        message = filled
        fullName = Message.fullName
        unset = zip(Mirror(reflecting: filled).children, Mirror(reflecting: blank).children)
            .filter { "\($0.value)" == "\($1.value)" }.map { $0.0.label ?? "" }
        decodes = { try Message(wire: $0) }
        isFilled = { $0 as? Message == filled }
        isBlank = { $0 as? Message == blank }
    }

    /// A message that has no fields.
    init<Message: WireMessage>(_ message: Message) { self.init(message, message) }

    var testDescription: String { fullName }

    func decoded(_ bytes: [UInt8]) throws -> any WireMessage { try decodes(bytes) }

    func equals(_ message: any WireMessage) -> Bool { isFilled(message) }

    func blankEquals(_ message: any WireMessage) -> Bool { isBlank(message) }
}

extension [UInt8] {
    /// Lower-case hexadecimal digits, as `xxd -p` prints them.
    init(hex: some StringProtocol) {
        let digits = hex.utf8.map { $0 >= UInt8(ascii: "a") ? $0 - UInt8(ascii: "a") + 10 : $0 - UInt8(ascii: "0") }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    var hex: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// One field with a length: a string or a sub-message.
    static func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(content.count < 128, "the length takes one byte here")
        return [number << 3 | 2, UInt8(content.count)] + content
    }

    static func field(_ number: UInt8, _ text: String) -> [UInt8] { field(number, [UInt8](text.utf8)) }
}
