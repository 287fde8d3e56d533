internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

extension NodePublishVolumeRequest {
    /// A volume that stands in a pod's own specification, as kubelet asks for it.
    static func ephemeral(
        _ name: String, at path: String, _ attributes: [String: String] = ["size": "16Mi"],
        _ capability: VolumeCapability = .mount()
    ) -> NodePublishVolumeRequest {
        let added = [
            "csi.storage.k8s.io/ephemeral": "true", "csi.storage.k8s.io/pod.name": "pod",
            "csi.storage.k8s.io/pod.namespace": "default", "csi.storage.k8s.io/pod.uid": "0a1b",
            "csi.storage.k8s.io/serviceAccount.name": "default",
        ]
        return NodePublishVolumeRequest(
            volumeID: name, targetPath: path, volumeCapability: capability,
            volumeContext: attributes.merging(added) { $1 })
    }
}

extension NodeUnderTest {
    /// Kubelet's handle of an ephemeral volume: `csi-` and a digest.
    static func handle(_ number: Int = 1) -> String {
        "csi-" + String(repeating: "0123456789abcdef", count: 4).dropLast() + "\(number % 10)"
    }

    func publish(ephemeral request: NodePublishVolumeRequest) async throws(RPCStatus) {
        _ = try await call(CSIMethod.nodePublishVolume, request)
        ledger.withLock { _ = $0.publications.insert(.init(volume: request.volumeID, path: request.targetPath)) }
    }

    func publish(ephemeral name: String, at target: String = "target") async throws(RPCStatus) {
        try await publish(ephemeral: .ephemeral(name, at: path(target)))
    }

    func unpublish(ephemeral name: String, at target: String = "target") async throws(RPCStatus) {
        let request = NodeUnpublishVolumeRequest(volumeID: name, targetPath: path(target))
        _ = try await call(CSIMethod.nodeUnpublishVolume, request)
        ledger.withLock { _ = $0.publications.remove(.init(volume: name, path: path(target))) }
    }

    /// Expects nothing of an ephemeral volume to be left: no mount, no target, nothing in the pool, no device.
    func expectNoEphemeral(at target: String = "target", location: SourceLocation = #_sourceLocation) async {
        #expect(poolFiles() == [], sourceLocation: location)
        await expectNoEphemeralMount(at: target, location: location)
        await eventually("a device is left", location: location) { loopDevices(in: pool).isEmpty }
    }
}

extension NodeUnderTest {
    func expectNoEphemeralMount(at target: String, location: SourceLocation = #_sourceLocation) async {
        #expect(folder.mounts(at: path(target)) == 0, sourceLocation: location)
        #expect(access(path(target), F_OK) != 0, "the target is left", sourceLocation: location)
    }
}

/// What is wrong with a request for an ephemeral volume.
struct BadEphemeral: Sendable, CustomTestStringConvertible {
    let label: String
    let code: StatusCode
    let words: [String]
    let change: @Sendable (inout NodePublishVolumeRequest) -> Void

    init(
        _ label: String, _ words: String..., code: StatusCode = .invalidArgument,
        change: @escaping @Sendable (inout NodePublishVolumeRequest) -> Void
    ) {
        self.label = label
        self.code = code
        self.words = words
        self.change = change
    }

    var testDescription: String { label }

    static let all: [BadEphemeral] = [
        BadEphemeral("an attribute of a StorageClass", "provisioning", "size") {
            $0.volumeContext["provisioning"] = "thick"
        },
        BadEphemeral("options for mkfs", "mkfsOptions", "size") { $0.volumeContext["mkfsOptions"] = "-b 1024" },
        BadEphemeral("an attribute that nobody knows", "colour", "size") { $0.volumeContext["colour"] = "red" },
        BadEphemeral("a size that is none", "size", "plenty") { $0.volumeContext["size"] = "plenty" },
        BadEphemeral("no size at all", "size") { $0.volumeContext["size"] = "0" },
        BadEphemeral("a negative size", "size") { $0.volumeContext["size"] = "-16Mi" },
        BadEphemeral("a filesystem that nobody knows", "zfs") {
            $0.volumeContext["csi.storage.k8s.io/fstype"] = "zfs"
        },
        BadEphemeral("two filesystems", "ext4", "xfs") {
            $0.volumeContext["csi.storage.k8s.io/fstype"] = "ext4"
            $0.volumeCapability = .mount("xfs")
        },
        BadEphemeral("a pool that is not there", "fast") { $0.volumeContext["pool"] = "fast" },
        BadEphemeral("read-only", "read-only") { $0.readonly = true },
        BadEphemeral("an access mode that only reads", "read-only") {
            $0.volumeCapability = .mount("", .singleNodeReaderOnly)
        },
        BadEphemeral("a raw block device", "block") { $0.volumeCapability = .block() },
        BadEphemeral("no capability", "volume_capability") { $0.volumeCapability = nil },
        BadEphemeral("no name", "volume_id") { $0.volumeID = "" },
        BadEphemeral("no target", "target_path") { $0.targetPath = "" },
        BadEphemeral("a target outside of the kubelet folder", "/etc/x") { $0.targetPath = "/etc/x" },
        BadEphemeral("a mount option that the kernel refuses", "holdfast") {
            $0.volumeCapability = .mount("ext4", flags: ["holdfast"])
        },
        BadEphemeral("more than any file can have", "ask for less", code: .outOfRange) {
            $0.volumeContext["size"] = "9000000T"
        },
    ]
}
