internal import CSI
private import Foundation
internal import Testing

/// Holds the room against the table of everything that CSI 1.12 declares.
@Suite("The protocol's table")
struct TableTests {
    private let rows: [[String]]

    init() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let table = try String(contentsOf: tests.appending(path: "CWireTests/Fixtures/csi-v1.tsv"), encoding: .utf8)
        rows = table.split(separator: "\n").dropFirst().map { row in
            row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// Messages of one field that read better as a case or a value of the message that they are in.
    private static let folded: Set<String> = [
        "csi.v1.ControllerServiceCapability.RPC", "csi.v1.GroupControllerServiceCapability.RPC",
        "csi.v1.NodeServiceCapability.RPC", "csi.v1.PluginCapability.Service",
        "csi.v1.PluginCapability.VolumeExpansion", "csi.v1.VolumeCapability.AccessMode",
        "csi.v1.VolumeCapability.BlockVolume", "csi.v1.VolumeContentSource.SnapshotSource",
        "csi.v1.VolumeContentSource.VolumeSource",
    ]

    @Test("has a Swift type for each of its messages, and a sample")
    func messages() {
        let declared = Set(rows.filter { $0[0] == "field" || $0[0] == "message" }.map { "csi.v1.\($0[1])" })
        let samples = Set((Samples.filled + Samples.withoutFields).map(\.fullName))
        #expect(declared.subtracting(samples) == Self.folded)
        #expect(samples.subtracting(declared) == ["google.protobuf.Timestamp"])
    }

    @Test("has the calls that the room has")
    func calls() {
        let declared = rows.filter { $0[0] == "rpc" }
        #expect(Set(Calls.rows) == Set(declared.map { [$0[1], $0[2], $0[4], $0[5]] }))
        #expect(CSIMethod.allPaths == Calls.rows.map { "/csi.v1.\($0[0])/\($0[1])" })
    }

    @Test("has the secrets that the room names")
    func secrets() {
        let declared = rows.filter { $0[0] == "field" && $0[6].split(separator: " ").contains("secret") }
        let byMessage = Dictionary(grouping: declared) { "csi.v1.\($0[1])" }.mapValues { $0.map { $0[2] } }
        #expect(SecretFields.byMessage == byMessage)
    }

    @Test("has a type Secrets for each secret field")
    func secretTypes() {
        for sample in Samples.filled {
            let secret = Mirror(reflecting: sample.message).children.filter { $0.value is Secrets }.map { $0.label }
            #expect(secret == SecretFields.byMessage[sample.fullName] ?? [], "\(sample)")
        }
    }

    @Test("has the enums' names and numbers")
    func enums() {
        for row in rows where row[0] == "enum" {
            let name = Int32(row[3]).flatMap { Self.name(of: $0, in: row[1]) }
            #expect(name == row[2], "\(row[1])")
        }
    }

    /// What a value of the enum prints as, if its number has a case.
    private static func name(of number: Int32, in type: String) -> String? {
        func name<Value: OpenEnum>(_: Value.Type) -> String? {
            let value = Value(rawValue: number)
            return value.rawValue == number && value != .unrecognized(number) ? value.description : nil
        }
        return switch type {
        case "BlockMetadataType": name(BlockMetadataType.self)
        case "ControllerServiceCapability.RPC.Type": name(ControllerServiceCapability.RPC.self)
        case "GroupControllerServiceCapability.RPC.Type": name(GroupControllerServiceCapability.RPC.self)
        case "NodeServiceCapability.RPC.Type": name(NodeServiceCapability.RPC.self)
        case "PluginCapability.Service.Type": name(PluginCapability.Service.self)
        case "PluginCapability.VolumeExpansion.Type": name(PluginCapability.VolumeExpansion.self)
        case "VolumeCapability.AccessMode.Mode": name(VolumeCapability.AccessMode.self)
        case "VolumeUsage.Unit": name(VolumeUsage.Unit.self)
        default: nil
        }
    }
}
