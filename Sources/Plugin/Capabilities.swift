internal import CSI
internal import Filesystems
internal import Mounts
internal import RPC
internal import Volumes

/// A volume capability, understood.
struct Capability {
    let access: RequestedAccess
    let mode: AccessMode
    let mountFlags: [String]

    /// The capability of a request that must have one.
    init(_ capability: VolumeCapability?, field: String = "volume_capability") throws(RPCStatus) {
        guard let capability else { throw .invalid("\(field) is missing") }
        switch capability.access {
        case nil: throw .invalid("\(field) has no access type; it is block or mount")
        case .block:
            access = .block
            mountFlags = []
        case .mount(let mount):
            if !mount.volumeMountGroup.isEmpty {
                throw .invalid(
                    "\(field).mount.volume_mount_group is set; this driver leaves fsGroup to kubelet (fsGroupPolicy: File)"
                )
            }
            access = .mount(filesystem: mount.fsType.isEmpty ? nil : mount.fsType)
            mountFlags = mount.mountFlags
            try Self.checkFilesystem(mount, field)
        }
        mode = try Self.mode(capability.accessMode, field)
    }

    private static func checkFilesystem(_ mount: VolumeCapability.Mount, _ field: String) throws(RPCStatus) {
        let filesystem = mount.fsType.isEmpty ? Filesystems.standard : Filesystems.named(mount.fsType)
        guard let filesystem else {
            throw .invalid("\(field).mount.fs_type '\(mount.fsType)' is not known; known are \(Filesystems.names)")
        }
        do throws(MountError) {
            _ = try MountOptions(mount.mountFlags, refusal: filesystem.refusal(ofMountOption:))
        } catch {
            throw .invalid("\(error)")
        }
    }

    private static func mode(
        _ mode: VolumeCapability.AccessMode?, _ field: String
    ) throws(RPCStatus) -> AccessMode {
        switch mode {
        case nil, .unknown: throw .invalid("\(field).access_mode is missing")
        case .singleNodeWriter: return .writer
        case .singleNodeReaderOnly: return .reader
        case .singleNodeSingleWriter: return .singleWriter
        case .singleNodeMultiWriter: return .multiWriter
        case .multiNodeReaderOnly, .multiNodeSingleWriter, .multiNodeMultiWriter:
            throw .invalid(
                "\(field).access_mode \(mode.map { "\($0)" } ?? "") is refused: a volume lies on the disks of one node and "
                    + "cannot be reached from another; use ReadWriteOnce or ReadWriteOncePod")
        case .unrecognized(let number): throw .invalid("\(field).access_mode \(number) is not known")
        }
    }

    /// The capabilities of a request that must have some; all of them must be met by one volume.
    static func all(_ capabilities: [VolumeCapability]) throws(RPCStatus) -> [Capability] {
        if capabilities.isEmpty { throw .invalid("volume_capabilities is missing") }
        var all: [Capability] = []
        for (index, capability) in capabilities.enumerated() {
            all.append(try Capability(capability, field: "volume_capabilities[\(index)]"))
        }
        return all
    }

    /// The one access that meets all of these; they may differ in their modes alone.
    static func commonAccess(_ capabilities: [Capability]) throws(RPCStatus) -> RequestedAccess {
        var common = RequestedAccess.mount(filesystem: nil)
        var isFirst = true
        for capability in capabilities {
            switch (common, capability.access) {
            case _ where isFirst: common = capability.access
            case (.block, .block), (.mount, .mount(filesystem: nil)): break
            case (.mount(filesystem: nil), .mount): common = capability.access
            case (.mount(let one?), .mount(let other?)) where one == other: break
            default:
                throw .invalid(
                    "volume_capabilities asks for \(common) and for \(capability.access); one volume cannot be both")
            }
            isFirst = false
        }
        return common
    }
}
