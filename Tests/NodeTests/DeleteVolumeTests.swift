internal import CSI
internal import RPC
internal import Testing

@Suite("Deleting a volume", .needsRoot)
struct DeleteVolumeTests {
    @Test(
        "an unknown volume is deleted already",
        arguments: [
            "hf-0123456789012345678901234567890123456789", "../x", "/etc/passwd", "a\nb", "hf-",
            String(repeating: "x", count: 4_096),
        ])
    func unknown(id: String) async throws {
        try await withNode { node in
            let volume = try await node.create()
            _ = try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest(volumeID: id))
            #expect(node.poolFiles().contains("\(volume.id).image"))
        }
    }

    @Test("an id must be there")
    func missingID() async throws {
        try await withNode { node in
            await refused(.invalidArgument, "volume_id") {
                try await node.call(CSIMethod.deleteVolume, DeleteVolumeRequest())
            }
        }
    }

    @Test("what is in use is not deleted, and the refusal says where", arguments: [Access.mounted, .rawBlock])
    func inUse(access: Access) async throws {
        try await withNode { node in
            let volume = try await node.create("v", access.capability)
            try await node.attach(volume)
            await refused(.failedPrecondition, "attached", NodeUnderTest.nodeID) { try await node.delete(volume) }
            try await node.stage(volume)
            try await node.publish(volume)
            // Kubernetes really asks for it when a finished pod and its claim go together, without attach.
            try await node.detach(volume)
            await refused(.failedPrecondition, node.path("target")) { try await node.delete(volume) }
            try await node.unpublish(volume)
            let place = access == .rawBlock ? "staged" : node.path("staging")
            await refused(.failedPrecondition, place) { try await node.delete(volume) }
            try await node.unstage(volume)
            try await node.delete(volume)
            #expect(node.poolFiles() == [])
        }
    }

    @Test("a name made again is another volume, which the old context does not reach")
    func anotherIncarnation() async throws {
        try await withNode { node in
            let old = try await node.create("again")
            try await node.delete(old)
            let new = try await node.create("again")
            #expect(new.id == old.id)
            #expect(new.context != old.context)
            await refused(.notFound, "made again") { try await node.stage(old) }
            try await node.stage(new)
            await refused(.notFound, "made again") { try await node.publish(old) }
            try await node.publish(new)
        }
    }
}
