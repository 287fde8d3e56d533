import Settings
import TestSupport
import Testing

@testable import Kubernetes

@Suite struct InClusterTests {
    private func folder() -> TemporaryFolder {
        let folder = TemporaryFolder("incluster")
        folder.write("ca.crt", "-----BEGIN CERTIFICATE-----\n")
        folder.write("token", "sesame-open\n")
        folder.write("namespace", "holdfast-system")
        return folder
    }

    private static let environment = ["KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"]

    @Test func readsTheFolderOfThePod() throws {
        let folder = folder()
        let configuration = try ClusterConfiguration.inCluster(folder: folder.path) { Self.environment[$0] }
        #expect(configuration.serverText == "https://10.96.0.1:443")
        #expect(configuration.namespace == "holdfast-system")
        #expect(configuration.credential.token == .file(folder.at("token")))
        let six = ["KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"]
        #expect(
            try ClusterConfiguration.inCluster(folder: folder.path) { six[$0] }.serverText
                == "https://[fd00::1]:443")
    }

    @Test(arguments: ["ca.crt", "token", "namespace"])
    func refusesAMissingFile(_ name: String) throws {
        let folder = folder()
        try sh("rm \(folder.at(name))")
        let error = #expect(throws: SettingsError.self) {
            try ClusterConfiguration.inCluster(folder: folder.path) { Self.environment[$0] }
        }
        #expect(error?.file == folder.at(name))
    }

    @Test(arguments: ["", "a b", "line\nline"])
    func refusesATokenThatIsNone(_ token: String) throws {
        let folder = folder()
        folder.write("token", token)
        #expect(throws: SettingsError.self) {
            try ClusterConfiguration.inCluster(folder: folder.path) { Self.environment[$0] }
        }
    }

    @Test func refusesToRunOutsideOfACluster() {
        let error = #expect(throws: SettingsError.self) { try ClusterConfiguration.inCluster { _ in nil } }
        #expect(error.map { "\($0)" }?.contains("KUBERNETES_SERVICE_HOST: found no such variable") == true)
    }
}
