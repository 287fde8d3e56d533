internal import CSI
private import Foundation
internal import Testing

/// Holds the calls of the Host service and of kubelet's registration against the protocols' sources.
@Suite("The calls of the other protocols")
struct HostMethodTests {
    static let rows: [(file: String, service: String, calls: [String])] = [
        ("holdfast", "holdfast.v1.Host", Host.allPaths),
        ("pluginregistration", "pluginregistration.Registration", Registration.allPaths),
    ]

    @Test("are those that are declared", arguments: rows)
    func declared(file: String, service: String, calls: [String]) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = try String(contentsOf: root.appending(path: "proto/\(file).proto"), encoding: .utf8)
        let declared = source.matches(of: /rpc\s+(\w+)\s*\(/).map { "/\(service)/\($0.output.1)" }
        #expect(!declared.isEmpty && declared == calls)
    }

    /// Kubelet's own numbers, from its API `pluginregistration/v1/api.proto`.
    @Test("have kubelet's numbers")
    func kubelet() {
        let info = Registration.PluginInfo(type: "t", name: "n", endpoint: "e", supportedVersions: ["1", "2"])
        #expect(info.wireBytes().hex == "0a0174" + "12016e" + "1a0165" + "220131" + "220132")
        let status = Registration.RegistrationStatus(pluginRegistered: true, error: "e")
        #expect(status.wireBytes().hex == "0801" + "120165")
    }

    @Test("name their enums' values as declared, and keep those that are not known")
    func enums() {
        #expect("\(Host.Volume.State.damaged) \(Host.Volume.State(rawValue: 9))" == "DAMAGED unrecognized 9")
        #expect("\(Host.Volume.Format.renewing) \(Host.Mount.Role.staging)" == "RENEWING STAGING")
        for number: Int32 in 0...4 { #expect(Host.Volume.Format(rawValue: number).rawValue == number) }
    }
}
