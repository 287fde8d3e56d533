import Testing

@testable import Kubernetes

@Suite struct ErrorTests {
    private static func refused(_ code: Int, _ reason: String = "") -> KubernetesError {
        .refused(APIStatus(code: code, reason: reason, message: "words"), request: "create leases a/b")
    }

    @Test(arguments: [
        (refused(409, "AlreadyExists"), false), (refused(409, "Conflict"), false), (refused(429), false),
        (refused(500, "InternalError"), true), (refused(503), true), (refused(504, "Timeout"), true),
        (.unreachable(request: "r", reason: "w"), false), (.untrusted(request: "r", reason: "w"), false),
        (.broken(request: "r", reason: "w", sent: true), true),
        (.broken(request: "r", reason: "w", sent: false), false),
        (.timedOut(request: "r", seconds: 3, sent: true), true),
        (.timedOut(request: "r", seconds: 3, sent: false), false),
        (.cancelled(request: "r", sent: true), true), (.unreadable(request: "r", reason: "w"), true),
        (.invalid(request: "r", reason: "w"), false), (.lacksCredential(request: "r", reason: "w"), false),
    ])
    func knowsWhetherAWriteMayHaveHappened(_ error: KubernetesError, _ isUnknown: Bool) {
        #expect(error.outcomeIsUnknown == isUnknown)
    }

    @Test func tellsConflictsApart() {
        #expect(Self.refused(409, "AlreadyExists").isAlreadyExists && !Self.refused(409, "AlreadyExists").isConflict)
        #expect(Self.refused(409, "Conflict").isConflict && !Self.refused(409, "Conflict").isAlreadyExists)
    }

    @Test func knowsTheSameTroubleByItsKind() {
        let down = KubernetesError.unreachable(request: "r", reason: "after 1 ms")
        #expect(down.isSameTrouble(as: .unreachable(request: "r", reason: "after 2 ms")))
        #expect(!down.isSameTrouble(as: nil))
        #expect(!down.isSameTrouble(as: .broken(request: "r", reason: "after 1 ms", sent: true)))
        #expect(Self.refused(500).isSameTrouble(as: Self.refused(500)))
        #expect(!Self.refused(500).isSameTrouble(as: Self.refused(403)))
    }

    @Test func isOneSentence() {
        let status = APIStatus(
            code: 422, reason: "Invalid", message: "a\nb\u{2028}c\u{1b}[2J" + String(repeating: "x", count: 5_000))
        let text = "\(KubernetesError.refused(status, request: "create persistentvolumes pvc-1"))"
        #expect(
            text.hasPrefix("could not create persistentvolumes pvc-1: the server answered 422 Invalid: a b c [2Jxxx"))
        #expect(text.count < 1_200 && text.hasSuffix("…"))
    }

    @Test func readsWhatTheServerSays() {
        let body = """
            {"kind":"Status","apiVersion":"v1","status":"Failure","message":"is invalid","reason":"Invalid","code":422,\
            "details":{"retryAfterSeconds":3,"causes":[{"reason":"FieldValueInvalid","message":"too small","field":"spec.x"}]}}
            """
        let status = APIStatus(HTTPHead(status: 422), Array(body.utf8))
        #expect(status.reason == "Invalid" && status.message == "is invalid" && status.retryAfter == 3)
        #expect(status.causes == [.init(field: "spec.x", reason: "FieldValueInvalid", message: "too small")])
        let other = APIStatus(HTTPHead(status: 502, retryAfter: 7), Array("<html>\nBad gateway".utf8))
        #expect("\(other)" == "502: <html> Bad gateway")
        #expect(other.retryAfter == 7)
    }

    @Test(arguments: [
        (RequestPath(resource: .persistentVolumes, name: ""), "'' is no name of an object"),
        (RequestPath(resource: .persistentVolumes, name: ".."), "'..' is no name of an object"),
        (RequestPath(resource: .pods, namespace: "a", name: "b/c"), "'b/c' is no name of an object"),
        (RequestPath(resource: .pods, namespace: "", name: "b"), "'' is no name of a namespace"),
        (RequestPath(resource: .pods, name: "b"), "it needs a namespace"),
    ])
    func refusesAPathThatMeansSomethingElse(_ path: RequestPath, _ fault: String) { #expect(path.fault == fault) }

    @Test func writesPaths() {
        let one = RequestPath(
            resource: .persistentVolumeClaims, namespace: "shop", name: "data", subresource: "status",
            query: [("fieldManager", "a&b=c d/é")])
        #expect(one.fault == nil)
        #expect(
            one.text == "/api/v1/namespaces/shop/persistentvolumeclaims/data/status?fieldManager=a%26b%3Dc%20d%2F%C3%A9"
        )
        #expect(one.description == "persistentvolumeclaims/status shop/data")
        #expect(
            RequestPath(resource: .storageClasses, namespace: "shop").text == "/apis/storage.k8s.io/v1/storageclasses")
    }
}
