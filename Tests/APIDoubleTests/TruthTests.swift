import APIDouble
import Glibc
import Testing

/// A kubeconfig file of a real API server, if there is one to compare with.
let realKubeconfig = getenv("HOLDFAST_TEST_KUBECONFIG").map { String(cString: $0) }

/// The double and a real server answer the same table of requests.
struct TruthTests {
    static let stories = [TruthStory](
        [Stories.objects, Stories.claims, Stories.volumes, Stories.classes, Stories.deletion, Stories.patches]
            + [Stories.apply, Stories.lists, Stories.leases, Stories.refusals, Stories.status, Stories.secrets])

    @Test("The double answers as recorded", arguments: stories)
    func double(_ story: TruthStory) async throws {
        var options = APIDoubleOptions()
        options.controllers = [.binder, .protection]
        let double = try await APIDouble(options)
        await story.run(with: try CurlClient(kubeconfig: try double.kubeconfig))
        await double.stop()
    }

    @Test(
        "A real API server answers as recorded",
        .enabled(if: realKubeconfig != nil, "HOLDFAST_TEST_KUBECONFIG names no kubeconfig file"), arguments: stories)
    func real(_ story: TruthStory) async throws {
        await story.run(with: try CurlClient(kubeconfig: try #require(realKubeconfig)))
    }
}
