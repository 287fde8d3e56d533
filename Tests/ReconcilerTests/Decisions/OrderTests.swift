internal import CSI
internal import JSON
internal import Kubernetes
internal import Testing

@testable internal import Reconciler

@Suite("What a claim and its class ask for")
struct OrderTests {
    /// Nil where it is possible; otherwise words of the sentence that the owner is told.
    static let rows: [Row<SampleChange, String?>] = [
        Row("as it should be", nil, { _ in }),
        Row("a selector", "take spec.selector out") { $0.claim.json["spec", "selector"] = ["matchLabels": ["a": "b"]] },
        Row("no size", "asks for no size") { $0.claim.requestedStorage = nil },
        Row("a size that is none", "asks for no size") {
            $0.claim.json["spec", "resources", "requests", "storage"] = "much"
        },
        Row("nothing", "which is no size of a volume") { $0.claim.requestedStorage = Quantity("0") },
        Row("less than nothing", "which is no size of a volume") { $0.claim.requestedStorage = Quantity("-1Gi") },
        Row("half a byte is one", nil) { $0.claim.requestedStorage = Quantity("500m") },
        Row("no access modes", "no access modes") { $0.claim.accessModes = [] },
        Row("an unknown access mode", "access mode \"WriteMostly\" is unknown; the known ones are ReadOnlyMany") {
            $0.claim.accessModes = ["ReadWriteOnce", "WriteMostly"]
        },
        Row("a filesystem", nil) { $0.storageClass?.parameters = ["csi.storage.k8s.io/fstype": "xfs"] },
        Row("a filesystem by its older name", nil) { $0.storageClass?.parameters = ["FsType": "xfs"] },
        Row("a filesystem by both names", "by both fstype and csi.storage.k8s.io/fstype") {
            $0.storageClass?.parameters = ["fstype": "xfs", "csi.storage.k8s.io/fstype": "xfs"]
        },
        Row("a raw block volume needs no filesystem", nil) {
            $0.claim.json["spec", "volumeMode"] = "Block"
            $0.storageClass?.parameters = ["fstype": "xfs", "csi.storage.k8s.io/fstype": "xfs"]
        },
        Row("an unknown parameter of ours", "csi.storage.k8s.io/fs-type of storage class \"fast\" is unknown") {
            $0.storageClass?.parameters = ["csi.storage.k8s.io/fs-type": "xfs"]
        },
        Row("a secret's name alone", "without csi.storage.k8s.io/provisioner-secret-namespace") {
            $0.storageClass?.parameters = ["csi.storage.k8s.io/provisioner-secret-name": "a"]
        },
        Row("a secret's namespace alone", "without csi.storage.k8s.io/node-stage-secret-name") {
            $0.storageClass?.parameters = ["csi.storage.k8s.io/node-stage-secret-namespace": "a"]
        },
        Row("a secret's name of another object's", "asks for ${pod.name}, which there is not") {
            $0.storageClass?.parameters = Self.secret("a-${pod.name}", "s")
        },
        Row("a namespace by what the claim's owner writes", "asks for ${pvc.annotations['x']}, which there is not") {
            $0.claim.annotations["x"] = "kube-system"
            $0.storageClass?.parameters = Self.secret("a", "${pvc.annotations['x']}")
        },
        Row("a namespace by the claim's name", "asks for ${pvc.name}, which there is not") {
            $0.storageClass?.parameters = Self.secret("a", "${pvc.name}")
        },
        Row("an annotation that is missing", "asks for ${pvc.annotations['x']}, which there is not") {
            $0.storageClass?.parameters = Self.secret("${pvc.annotations['x']}", "s")
        },
        Row("an annotation that is no name", "which is no name of a secret") {
            $0.claim.annotations["x"] = "../other"
            $0.storageClass?.parameters = Self.secret("${pvc.annotations['x']}", "s")
        },
        Row("a dollar before a template", "comes to \"$pvc-") {
            $0.storageClass?.parameters = Self.secret("$${pv.name}", "s")
        },
        Row("a dollar at the end", "comes to \"a-$\"") {
            $0.storageClass?.parameters = Self.secret("a-$", "s")
        },
        Row("a template without an end", "without \"}\"") {
            $0.storageClass?.parameters = Self.secret("${pv.name", "s")
        },
        Row("an empty name", "must not be empty") { $0.storageClass?.parameters = Self.secret("", "s") },
        Row("a namespace that is none", "which is no name of a namespace") {
            $0.storageClass?.parameters = Self.secret("a", "S.s")
        },
    ]

    private static func secret(_ name: String, _ namespace: String) -> [String: String] {
        [
            "csi.storage.k8s.io/provisioner-secret-name": name,
            "csi.storage.k8s.io/provisioner-secret-namespace": namespace,
        ]
    }

    @Test("what cannot be is told in a sentence", arguments: rows)
    func mistakes(row: Row<SampleChange, String?>) throws {
        var sample = Sample()
        row.change(&sample)
        let storageClass = try #require(sample.storageClass)
        do throws(OrderError) {
            _ = try ProvisionOrder(sample.claim, storageClass)
            #expect(row.expected == nil)
        } catch {
            let words = try #require(row.expected, "\(error)")
            #expect(error.description.contains(words))
        }
    }

    @Test("the plugin gets its own parameters and the claim's names; the volume's object gets the rest")
    func order() throws {
        var sample = Sample()
        sample.claim.accessModes = ["ReadWriteOnce", "ReadOnlyMany"]
        sample.claim.annotations["tenant"] = "blue"
        var storageClass = try #require(sample.storageClass)
        storageClass.parameters = [
            "provisioning": "thick", "csi.storage.k8s.io/fstype": "xfs",
            "csi.storage.k8s.io/provisioner-secret-name": "${pvc.name}-${pvc.annotations['tenant']}",
            "csi.storage.k8s.io/provisioner-secret-namespace": "${pvc.namespace}",
            "csi.storage.k8s.io/default-secret-name": "any", "csi.storage.k8s.io/default-secret-namespace": "vault",
        ]
        storageClass.reclaimPolicy = "Delete"
        storageClass.json["mountOptions"] = ["noatime"]
        let order = try ProvisionOrder(sample.claim, storageClass)
        let name = "pvc-\(Sample.uid)"
        #expect(order.name == name)
        #expect(
            order.parameters == [
                "provisioning": "thick", "csi.storage.k8s.io/pvc/name": "c", "csi.storage.k8s.io/pvc/namespace": "s",
                "csi.storage.k8s.io/pv/name": name,
            ])
        #expect(order.secrets[.provision] == ObjectKey(namespace: "s", name: "c-blue"))
        #expect(order.secrets[.nodeStage] == ObjectKey(namespace: "vault", name: "any"))
        let mount = VolumeCapability.Access.mount(.init(fsType: "xfs", mountFlags: ["noatime"]))
        #expect(
            order.capabilities(hasMultiWriter: true) == [
                VolumeCapability(access: mount, accessMode: .singleNodeMultiWriter),
                VolumeCapability(access: mount, accessMode: .multiNodeReaderOnly),
            ])
        #expect(order.capabilities(hasMultiWriter: false).first?.accessMode == .singleNodeWriter)

        let made = order.persistentVolume(
            of: Volume(
                capacityBytes: 1 << 24, volumeID: "h", volumeContext: ["k": "v"],
                accessibleTopology: [Topology(segments: [Sample.key: "n"])]), sample.identity)
        #expect(made.name == name)
        #expect(made.capacity == Quantity("16Mi"))
        #expect(made.claimRef?.uid == Sample.uid)
        #expect(made.finalizers == [ClusterNames.volumeFinalizer])
        #expect(made.annotations[ClusterNames.deletionSecretName] == "c-blue")
        #expect(made.annotations[ClusterNames.deletionSecretNamespace] == "s")
        #expect(made.csi?.fsType == "xfs")
        #expect(made.csi?.volumeAttributes == ["k": "v"])
        #expect(made.csi?[secret: .nodeStage] == ObjectKey(namespace: "vault", name: "any"))
        #expect(made.mountOptions == ["noatime"])
        #expect(made.isReachable(from: sample.identity.segments))
    }

    @Test("a retained volume has no finalizer of ours, and a raw block volume no filesystem")
    func variants() throws {
        var sample = Sample()
        sample.claim.json["spec", "volumeMode"] = "Block"
        var storageClass = try #require(sample.storageClass)
        storageClass.reclaimPolicy = "Retain"
        let order = try ProvisionOrder(sample.claim, storageClass)
        let made = order.persistentVolume(of: Volume(volumeID: "h"), sample.identity)
        #expect(made.finalizers.isEmpty)
        #expect(made.volumeMode == "Block")
        #expect(made.csi?.fsType == nil)
        // The plugin has not said how large it is.
        #expect(made.capacity == Quantity("10Mi"))
        #expect(order.capabilities(hasMultiWriter: true).map(\.access) == [.block])
    }

    static let sources: [Row<JSON?, ClaimSource?>] = [
        Row("none", ClaimSource.none, nil),
        Row(
            "a claim", .claim(ObjectKey(namespace: "s", name: "x")),
            ["kind": "PersistentVolumeClaim", "name": "x"]),
        Row(
            "a snapshot", .snapshot(ObjectKey(namespace: "s", name: "x")),
            ["apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "x"]),
        Row("a snapshot of another group", nil, ["apiGroup": "else", "kind": "VolumeSnapshot", "name": "x"]),
        Row(
            "somebody else's", .populator("Import x"), ["apiGroup": "else", "kind": "Import", "name": "x"]),
        Row(
            "of the same namespace, named", .claim(ObjectKey(namespace: "s", name: "x")),
            ["kind": "PersistentVolumeClaim", "name": "x", "namespace": "s"]),
        Row("of another namespace", nil, ["kind": "PersistentVolumeClaim", "name": "x", "namespace": "t"]),
        Row("without a name", nil, ["kind": "PersistentVolumeClaim", "name": ""]),
    ]

    @Test("a data source is one of the claim's own namespace", arguments: sources)
    func source(row: Row<JSON?, ClaimSource?>) {
        var claim = Sample().claim
        claim.json["spec", "dataSourceRef"] = row.change
        let found = try? ClaimSource(claim)
        #expect(found == row.expected)
    }
}
