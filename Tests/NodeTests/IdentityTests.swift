internal import CSI
internal import Processes
internal import RPC
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Who the plugin is", .needsRoot)
struct IdentityTests {
    @Test("name and version are those of the executable")
    func info() async throws {
        try await withNode { node in
            let info = try await node.call(CSIMethod.getPluginInfo, GetPluginInfoRequest())
            #expect(info.name == "csi.holdfast.dev")
            let ending = try await NodeRun(["--version"]).ending()
            #expect(ending.status == 0)
            #expect(ending.output == "holdfast-node \(info.vendorVersion)\n")
        }
    }

    @Test("capabilities are those that are served")
    func capabilities() async throws {
        try await withNode { node in
            let plugin = try await node.call(CSIMethod.getPluginCapabilities, GetPluginCapabilitiesRequest())
            #expect(
                Set(plugin.capabilities.compactMap(\.offer)) == [
                    .service(.controllerService), .service(.volumeAccessibilityConstraints),
                    .service(.groupControllerService), .service(.snapshotMetadataService), .volumeExpansion(.online),
                ])
            let controller = try await node.call(
                CSIMethod.controllerGetCapabilities, ControllerGetCapabilitiesRequest())
            #expect(
                Set(controller.capabilities.compactMap(\.rpc)) == [
                    .createDeleteVolume, .cloneVolume, .expandVolume, .modifyVolume, .publishUnpublishVolume,
                    .publishReadonly, .listVolumes, .getVolume, .volumeCondition, .getCapacity,
                    .createDeleteSnapshot, .listSnapshots, .getSnapshot, .singleNodeMultiWriter,
                ])
            let services = try await node.call(CSIMethod.nodeGetCapabilities, NodeGetCapabilitiesRequest())
            #expect(
                Set(services.capabilities.compactMap(\.rpc)) == [
                    .stageUnstageVolume, .getVolumeStats, .volumeCondition, .expandVolume, .singleNodeMultiWriter,
                ])
            let groups = try await node.call(
                CSIMethod.groupControllerGetCapabilities, GroupControllerGetCapabilitiesRequest())
            #expect(groups.capabilities.compactMap(\.rpc) == [.createDeleteGetVolumeGroupSnapshot])
        }
    }

    @Test("the node tells its id, its segment and no limit of volumes")
    func nodeInfo() async throws {
        try await withNode { node in
            let info = try await node.call(CSIMethod.nodeGetInfo, NodeGetInfoRequest())
            #expect(info.nodeID == NodeUnderTest.nodeID)
            #expect(info.maxVolumesPerNode == 0)
            #expect(info.accessibleTopology?.segments == ["topology.holdfast.dev/node": NodeUnderTest.nodeID])
        }
    }

    @Test("Probe is ready, and what is not served is UNIMPLEMENTED")
    func probe() async throws {
        try await withNode { node in
            let answer = try await node.call(CSIMethod.probe, ProbeRequest())
            #expect(answer.ready == true)
            await refused(.unimplemented) {
                let unknown = CSIMethod.Unary<ProbeRequest, ProbeResponse>("/csi.v1.Controller/ControllerDream")
                return try await node.call(unknown, ProbeRequest())
            }
        }
    }
}
