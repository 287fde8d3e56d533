private import CWire
private import Foundation
internal import Testing

/// Holds the compiled protocol against `Fixtures/csi-v1.tsv`, a table of everything that CSI 1.12 declares.
///
/// A wrong number or type would not fail to compile: peers would read one field as another.
@Suite("The compiled CSI protocol")
struct DescriptorTests {
    @Test("has everything the table has")
    func nothingIsAbsent() throws {
        let absent = try Table.csi().declarations().subtracting(Compiled.csi())
        #expect(absent == [])
    }

    @Test("has nothing the table has not")
    func nothingIsAdded() throws {
        let added = try Compiled.csi().subtracting(Table.csi().declarations())
        #expect(added == [])
    }

    /// protobuf-c's service descriptors do not say what is streamed, so this reads the source.
    @Test("streams where the table streams")
    func streams() throws {
        let declaration = /rpc\s+(\w+)\s*\(((?:stream\s+)?\w+)\)\s*returns\s*\(((?:stream\s+)?\w+)\)/
        let declared = try sourceText("proto/csi.proto").matches(of: declaration)
            .map { [$0.output.1, $0.output.2, $0.output.3].map(String.init) }
        let wanted = try Table.csi().rows.filter { $0.kind == "rpc" }.map { [$0.name, $0.type, $0.label] }
        #expect(Set(declared).symmetricDifference(wanted) == [])
        #expect(declared.count == wanted.count)
    }
}

/// One thing that the protocol declares. Types go by their name within the package, other packages' by their full name.
private enum Declaration: Hashable {
    case rpc(service: String, name: String, input: String, output: String)
    case emptyMessage(String)
    /// `alternatives` are all fields of the oneof that the field is in: the oneof's own name is not on the wire, and
    /// not in the descriptors either.
    case field(
        message: String, name: String, number: String, type: String, label: String, alternatives: Set<String> = [])
    case enumValue(type: String, name: String, number: String)
}

extension Declaration: CustomStringConvertible {
    fileprivate var description: String {
        switch self {
        case .rpc(let service, let name, let input, let output):
            "rpc \(service).\(name)(\(input)) returns (\(output))"
        case .emptyMessage(let message):
            "message \(message) {}"
        case .field(let message, let name, let number, let type, let label, let alternatives):
            "\(label) \(type) \(message).\(name) = \(number)"
                + (alternatives.isEmpty ? "" : ", one of \(alternatives.sorted())")
        case .enumValue(let type, let name, let number):
            "\(type).\(name) = \(number)"
        }
    }
}

/// The table's rows: kind, owner, name, number, type, label and flags, separated by tabs. In the row of an rpc, type
/// and label are the input and the output.
private struct Table {
    struct Row {
        var kind, owner, name, number, type, label: String
        var flags: [String]

        /// The name of the oneof that the field is in.
        var oneof: String? { flags.first { $0.hasPrefix("oneof=") } }
    }

    struct Malformed: Error {
        var line: String
    }

    var rows: [Row]

    static func csi() throws -> Table {
        let lines = try sourceText("Tests/CWireTests/Fixtures/csi-v1.tsv").split(separator: "\n").dropFirst()
        return Table(rows: try lines.map(row))
    }

    private static func row(_ line: Substring) throws(Malformed) -> Row {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard columns.count == 7 else { throw Malformed(line: String(line)) }
        return Row(
            kind: columns[0], owner: columns[1], name: columns[2], number: columns[3], type: columns[4],
            label: columns[5], flags: columns[6].split(separator: " ").map(String.init))
    }

    func declarations() throws(Malformed) -> Set<Declaration> {
        var declarations: Set<Declaration> = []
        for row in rows {
            declarations.insert(try declaration(row))
        }
        return declarations
    }

    private func declaration(_ row: Row) throws(Malformed) -> Declaration {
        switch row.kind {
        case "rpc":
            let output = row.label.replacing("stream ", with: "")
            return .rpc(service: row.owner, name: row.name, input: row.type, output: output)
        case "message":
            return .emptyMessage(row.owner)
        case "field":
            let alternatives = rows.filter { row.oneof != nil && $0.owner == row.owner && $0.oneof == row.oneof }
            return .field(
                message: row.owner, name: row.name, number: row.number, type: row.type, label: row.label,
                alternatives: Set(alternatives.map(\.name)))
        case "enum":
            return .enumValue(type: row.owner, name: row.name, number: row.number)
        default:
            throw Malformed(line: "\(row)")
        }
    }
}

/// What the compiled descriptors declare: the services, and every message and enum that their inputs and outputs reach.
private struct Compiled {
    private static let package = "csi.v1."

    private var declarations: Set<Declaration> = []
    private var visited: Set<String> = []

    static func csi() -> Set<Declaration> {
        var compiled = Compiled()
        compiled.visit(csi__v1__identity__descriptor)
        compiled.visit(csi__v1__controller__descriptor)
        compiled.visit(csi__v1__group_controller__descriptor)
        compiled.visit(csi__v1__snapshot_metadata__descriptor)
        compiled.visit(csi__v1__node__descriptor)
        return compiled.declarations
    }

    private mutating func visit(_ service: ProtobufCServiceDescriptor) {
        for method in UnsafeBufferPointer(start: service.methods, count: Int(service.n_methods)) {
            let rpc = Declaration.rpc(
                service: localName(service.name), name: String(cString: method.name),
                input: localName(method.input.pointee.name), output: localName(method.output.pointee.name))
            declarations.insert(rpc)
            visit(method.input.pointee)
            visit(method.output.pointee)
        }
    }

    private mutating func visit(_ message: ProtobufCMessageDescriptor) {
        let isOurs = String(cString: message.name).hasPrefix(Self.package)
        let name = localName(message.name)
        guard isOurs, visited.insert(name).inserted else { return }
        let fields = UnsafeBufferPointer(start: message.fields, count: Int(message.n_fields))
        if fields.isEmpty {
            declarations.insert(.emptyMessage(name))
        }
        for field in fields {
            visit(field, of: name, among: fields)
        }
    }

    private mutating func visit(
        _ field: ProtobufCFieldDescriptor, of message: String,
        among fields: UnsafeBufferPointer<ProtobufCFieldDescriptor>
    ) {
        let name = String(cString: field.name)
        var type = scalarName(field.type)
        var label = labelName(field.label)
        if let enumeration = field.enumeration {
            type = localName(enumeration.name)
            visit(enumeration)
        } else if let submessage = field.submessage {
            type = localName(submessage.name)
            if label == "repeated", type == "\(message).\(camelCased(name))Entry", let map = mapType(submessage) {
                (type, label) = (map, "map")
            } else {
                visit(submessage)
            }
        }
        let alternatives = fields.filter { field.isInOneof && $0.isInOneof && $0.oneof == field.oneof }
        let declaration = Declaration.field(
            message: message, name: name, number: "\(field.id)", type: type, label: label,
            alternatives: Set(alternatives.map { String(cString: $0.name) }))
        declarations.insert(declaration)
    }

    private mutating func visit(_ enumeration: ProtobufCEnumDescriptor) {
        let type = localName(enumeration.name)
        for value in UnsafeBufferPointer(start: enumeration.values, count: Int(enumeration.n_values)) {
            declarations.insert(
                .enumValue(type: type, name: String(cString: value.name), number: "\(value.value)"))
        }
    }

    /// A map is compiled as repeated messages with a key and a value.
    private func mapType(_ entry: ProtobufCMessageDescriptor) -> String? {
        let fields = UnsafeBufferPointer(start: entry.fields, count: Int(entry.n_fields))
        let names = fields.map { "\(String(cString: $0.name))=\($0.id)" }
        guard names == ["key=1", "value=2"] else { return nil }
        return "map<\(scalarName(fields[0].type)),\(scalarName(fields[1].type))>"
    }

    private func localName(_ name: UnsafePointer<CChar>) -> String {
        let name = String(cString: name)
        return name.hasPrefix(Self.package) ? String(name.dropFirst(Self.package.count)) : name
    }

    private func camelCased(_ name: String) -> String {
        name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private func labelName(_ label: ProtobufCLabel) -> String {
        switch label {
        case PROTOBUF_C_LABEL_NONE: "single"
        case PROTOBUF_C_LABEL_REPEATED: "repeated"
        default: "label \(label.rawValue)"
        }
    }

    private func scalarName(_ type: ProtobufCType) -> String {
        switch type {
        case PROTOBUF_C_TYPE_BOOL: "bool"
        case PROTOBUF_C_TYPE_INT32: "int32"
        case PROTOBUF_C_TYPE_INT64: "int64"
        case PROTOBUF_C_TYPE_STRING: "string"
        default: "type \(type.rawValue)"
        }
    }
}

extension ProtobufCFieldDescriptor {
    fileprivate var isInOneof: Bool { flags & PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue != 0 }

    /// Where in the message its oneof's case is kept, which tells one oneof of the message from another.
    fileprivate var oneof: UInt32 { quantifier_offset }

    fileprivate var enumeration: ProtobufCEnumDescriptor? {
        guard type == PROTOBUF_C_TYPE_ENUM else { return nil }
        return descriptor.load(as: ProtobufCEnumDescriptor.self)
    }

    fileprivate var submessage: ProtobufCMessageDescriptor? {
        guard type == PROTOBUF_C_TYPE_MESSAGE else { return nil }
        return descriptor.load(as: ProtobufCMessageDescriptor.self)
    }
}

/// A text file of the source tree, `path` being relative to its root.
private func sourceText(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
}
