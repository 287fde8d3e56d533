import Glibc
import JSON
import Kubernetes
import TestSupport
import Testing

/// What holds on every server.
@Suite(.serialized) struct ClientTests {
    @Test(arguments: APIServer.allCases)
    func createsReadsAndDeletes(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            let made = try await client.create(ground.claim("a"))
            #expect(!made.uid.isEmpty && made.resourceVersion != nil && made.creationTimestamp != nil)
            #expect(try await client.create(ground.claim("b")).key.name == ground.name("b"))
            let again = try await refusal { try await client.create(ground.claim("a")) }
            #expect(again.isAlreadyExists && !again.isConflict && !again.outcomeIsUnknown)
            #expect(try await client.get(PersistentVolumeClaim.self, made.name, namespace: "default").uid == made.uid)
            let other = try await refusal {
                try await client.delete(
                    PersistentVolumeClaim.self, made.name, namespace: "default",
                    preconditions: Preconditions(uid: "4b1bb0a4-0000-4000-8000-000000000000"))
            }
            #expect(other.isConflict)
            let stale = try await refusal {
                try await client.delete(
                    PersistentVolumeClaim.self, made.name, namespace: "default",
                    preconditions: Preconditions(uid: made.uid, resourceVersion: "1"))
            }
            #expect(stale.isConflict)
            try await client.delete(
                PersistentVolumeClaim.self, made.name, namespace: "default",
                preconditions: Preconditions(uid: made.uid),
                propagation: .background)
            let missing = try await refusal {
                try await client.get(PersistentVolumeClaim.self, ground.name("never"), namespace: "default")
            }
            #expect(missing.isNotFound)
            #expect("\(missing)".hasPrefix("could not get persistentvolumeclaims default/\(ground.name("never")): "))
        }
    }

    @Test(arguments: APIServer.allCases)
    func aStaleWriteIsAConflict(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            let made = try await client.create(ground.claim("a"))
            var first = made
            first.annotations["writer"] = "first"
            let written = try await client.update(first)
            #expect(written.resourceVersion != made.resourceVersion)
            var second = made
            second.annotations["writer"] = "second"
            let error = try await refusal { try await client.update(second) }
            #expect(error.isConflict && !error.isAlreadyExists)
            let patch = try await refusal {
                try await client.mergePatch(
                    PersistentVolumeClaim.self, made.name, namespace: "default",
                    ["metadata": ["resourceVersion": .string(made.resourceVersion ?? ""), "labels": ["a": "b"]]])
            }
            #expect(patch.isConflict)
            let now = try await client.get(PersistentVolumeClaim.self, made.name, namespace: "default")
            #expect(now.annotations["writer"] == "first" && now.labels["a"] == nil)
        }
    }

    @Test(arguments: APIServer.allCases)
    func keepsTheFieldsThatItDoesNotKnow(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            var claim = ground.claim("a")
            claim.json["spec", "dataSourceRef"] = ["apiGroup": "example.com", "kind": "Thing", "name": "x"]
            claim.json["spec", "selector"] = ["matchLabels": ["a": "b"]]
            let made = try await client.create(claim)
            var changed = made
            changed.annotations["note"] = "x"
            var written = try await client.update(changed)
            #expect(written.annotations["note"] == "x")
            written.annotations["note"] = nil
            #expect(written.json["spec"] == made.json["spec"])
            #expect(written.uid == made.uid && written.creationTimestamp == made.creationTimestamp)
            #expect(written.json["spec", "selector", "matchLabels", "a"]?.string == "b")
        }
    }

    @Test(arguments: APIServer.allCases)
    func writesTheStatusApart(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            var claim = try await client.create(ground.claim("a"))
            claim.conditions = [Condition(type: "Resizing", message: "grows", since: .now)]
            claim.requestedStorage = Quantity("7Gi")
            let written = try await client.updateStatus(claim)
            #expect(written.conditions.map(\.type) == ["Resizing"])
            #expect(written.requestedStorage == Quantity("1Gi"))
            let patched = try await client.mergePatch(
                PersistentVolumeClaim.self, claim.name, namespace: "default", ["status": ["conditions": nil]],
                subresource: "status")
            #expect(patched.conditions.isEmpty)
        }
    }

    @Test(arguments: APIServer.allCases)
    func appliesFieldsOfItsOwn(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            var claim = ground.claim("a")
            claim.annotations = ["ours": "1", "gone": "soon"]
            let made = try await client.apply(claim)
            #expect(made.annotations["gone"] == "soon")
            // A list's or a cache's object has a resourceVersion and managedFields; what is applied has not.
            claim.annotations = ["ours": "2"]
            let applied = try await client.apply(claim)
            #expect(applied.uid == made.uid && applied.annotations["ours"] == "2" && applied.annotations["gone"] == nil)
            let managers = applied.json["metadata", "managedFields"]?.array?.compactMap { $0["manager"]?.string }
            #expect(managers?.contains("holdfast") == true)
        }
    }

    @Test(arguments: APIServer.allCases)
    func aMergePatchRemovesByNull(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            var claim = ground.claim("a")
            claim.annotations = ["one": "1", "two": "2"]
            claim.finalizers = ["holdfast.dev/test"]
            let made = try await client.create(claim)
            let patched = try await client.mergePatch(
                PersistentVolumeClaim.self, made.name, namespace: "default",
                ["metadata": ["annotations": ["one": nil, "three": "3"], "finalizers": nil]])
            #expect(patched.annotations["one"] == nil && patched.annotations["two"] == "2")
            #expect(patched.annotations["three"] == "3" && !patched.finalizers.contains("holdfast.dev/test"))
        }
    }

    @Test(arguments: APIServer.allCases)
    func listsInChunks(_ server: APIServer) async throws {
        var limits = RequestLimits(perSecond: 2_000, burst: 2_000)
        limits.chunk = 7
        try await withClient(server, limits: limits) { ground, client in
            let names = Set((0..<30).map { ground.name("c\($0)") })
            for index in 0..<30 {
                _ = try await client.create(ground.claim("c\(index)", labels: ["odd": "\(index % 2)"]))
            }
            let all = try await client.list(PersistentVolumeClaim.self, labelSelector: ground.selector)
            #expect(Set(all.items.map(\.name)) == names && all.items.count == 30 && all.unreadable == 0)
            let odd = try await client.list(
                PersistentVolumeClaim.self, namespace: "default", labelSelector: "\(ground.selector),odd=1")
            #expect(odd.items.count == 15)
            let one = try await client.list(
                PersistentVolumeClaim.self, namespace: "default", fieldSelector: "metadata.name=\(ground.name("c3"))")
            #expect(one.items.map(\.name) == [ground.name("c3")])
            let none = try await client.list(PersistentVolumeClaim.self, labelSelector: "test=nothing-has-this")
            #expect(none.items.isEmpty && !none.resourceVersion.isEmpty)
            if let double = ground.double {
                let lists = double.requests(.init("list", "persistentvolumeclaims"))
                #expect(lists.filter { $0.query.contains("continue=") && $0.code == 200 }.count == 4 + 2)
            }
        }
    }

    @Test(arguments: APIServer.allCases)
    func watchesFromAVersionOnAndGoesOn(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            let before = try await client.list(PersistentVolumeClaim.self, labelSelector: ground.selector)
            var claim = try await client.create(ground.claim("a"))
            claim.annotations["changed"] = "yes"
            claim = try await client.update(claim)
            var told: [String] = []
            var version = before.resourceVersion
            // Each time another watch, which goes on from the last event.
            for _ in 0..<2 {
                let watch = client.watch(
                    PersistentVolumeClaim.self, labelSelector: ground.selector, from: version)
                for try await event in watch {
                    guard case .added(let object) = event else {
                        guard case .modified(let object) = event else { continue }
                        told.append("modified")
                        version = object.resourceVersion ?? ""
                        break
                    }
                    told.append("added")
                    version = object.resourceVersion ?? ""
                    break
                }
            }
            #expect(told == ["added", "modified"])
            #expect(version == claim.resourceVersion)
        }
    }

    @Test(arguments: APIServer.allCases)
    func aWatchEndsWithItsTask(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            let list = try await client.list(PersistentVolumeClaim.self, labelSelector: ground.selector)
            let watch = client.watch(
                PersistentVolumeClaim.self, labelSelector: ground.selector, from: list.resourceVersion)
            let task = Task { () -> KubernetesError? in
                do { for try await _ in watch {} } catch { return error as? KubernetesError }
                return nil
            }
            _ = try await client.create(ground.claim("a"))
            task.cancel()
            #expect(await task.value?.isCancelled == true)
            // The connection is still good for the others.
            _ = try await client.create(ground.claim("b"))
        }
    }

    @Test(arguments: APIServer.allCases)
    func aWatchFromLongAgoIsTooOld(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            _ = try await client.create(ground.claim("a"))
            ground.double?.compact()
            do throws(KubernetesError) {
                for try await event in client.watch(PersistentVolumeClaim.self, from: "1") {
                    // A real server that has not compacted yet still knows all that came since.
                    guard case .added(let claim) = event, claim.name == ground.name("a") else { continue }
                    #expect(server == .real)
                    return
                }
                Issue.record("the watch has ended")
            } catch {
                #expect(error.isGone, "\(error)")
            }
        }
    }

    /// The double speaks HTTP/1.1 alone.
    @Test(.enabled(if: realKubeconfig != nil, "HOLDFAST_TEST_KUBECONFIG names no server"))
    func allShareOneConnection() async throws {
        try await withClient(.real) { ground, client in
            let list = try await client.list(PersistentVolumeClaim.self, labelSelector: ground.selector)
            let before = try sh("ls -l /proc/\(getpid())/fd | grep -c socket:")
            let watches = (0..<20).map { _ in
                Task {
                    let watch = client.watch(
                        PersistentVolumeClaim.self, labelSelector: ground.selector, from: list.resourceVersion)
                    for try await event in watch { if case .added = event { return true } }
                    return false
                }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { _ = try await client.serverVersion() } }
                try await group.waitForAll()
            }
            #expect(try sh("ls -l /proc/\(getpid())/fd | grep -c socket:") == before)
            _ = try await client.create(ground.claim("a"))
            for watch in watches { #expect(try await watch.value) }
        }
    }

    /// Nothing that is sent by such a name is what was meant.
    @Test(arguments: ["", "..", "a/b", "a%2fb"])
    func refusesNamesThatMeanSomethingElse(_ name: String) async throws {
        try await withClient(.double) { ground, client in
            for error in [
                try await refusal { try await client.get(PersistentVolumeClaim.self, name, namespace: "default") },
                try await refusal { try await client.delete(PersistentVolumeClaim.self, name, namespace: "default") },
                try await refusal { try await client.delete(PersistentVolume.self, name) },
                try await refusal { try await client.mergePatch(PersistentVolume.self, name, ["a": "b"]) },
            ] {
                guard case .invalid = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
            #expect(ground.double?.requests(.init("delete")).isEmpty == true)
            #expect(ground.double?.requests(.init("deletecollection")).isEmpty == true)
        }
    }

    @Test(arguments: APIServer.allCases)
    func tellsWhatIsServed(_ server: APIServer) async throws {
        try await withClient(server) { _, client in
            let nothing = Resource(
                group: "nothing.example.com", version: "v1", plural: "things", kind: "Thing", isNamespaced: true)
            for (resource, expected) in [
                (Resource.persistentVolumeClaims, true), (.csiStorageCapacities, true), (nothing, false),
            ] {
                let isServed = try await client.isServed(resource)
                #expect(isServed == expected, "\(resource)")
            }
            let version = try await client.serverVersion()
            #expect(version.hasPrefix("v1."))
        }
    }

    @Test(arguments: APIServer.allCases)
    func saysWhyAnObjectIsInvalid(_ server: APIServer) async throws {
        try await withClient(server) { ground, client in
            var claim = ground.claim("a")
            claim.requestedStorage = Quantity("-1Gi")
            claim.accessModes = ["Sometimes"]
            let error = try await refusal { try await client.create(claim) }
            #expect(error.isInvalid && !error.outcomeIsUnknown && error.status?.reason == "Invalid")
            #expect(error.status?.causes.contains { $0.field.hasPrefix("spec.") } == true, "\(error)")
            #expect(!"\(error)".contains("\n"))
        }
    }
}
