internal import CSI
internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// A thread that puts a symlink in a folder's place and the folder back, without a pause, as long as it lives.
final class Swapper: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let count = Atomic<Int>(0)
    private let end = Flag()

    /// `spare` is the folder's name meanwhile.
    init(_ folder: String, _ link: String, spare: String) {
        HostThread.start { [self] in
            while !isOver.load(ordering: .acquiring) {
                // What is mounted on cannot be renamed; then it is tried again.
                guard rename(folder, spare) == 0 else { continue }
                if rename(link, folder) == 0 {
                    count.add(1, ordering: .relaxed)
                    _ = rename(folder, link)
                }
                _ = rename(spare, folder)
            }
            end.raise()
        }
    }

    /// Ends the thread and says how often the symlink was there.
    func stop() async -> Int {
        isOver.store(true, ordering: .releasing)
        await HostThread.run { [end] in end.wait() }
        return count.load(ordering: .acquiring)
    }
}

/// What lies outside is neither mounted on nor made nor removed, whatever the moment at which a path changes its meaning.
@Suite("Paths that change while a call uses them", .needsRoot)
struct SwappedPathTests {
    /// What is exchanged for a symlink that leads out: the folder that the path ends in, or one above it.
    enum Place: String, CaseIterable, CustomTestStringConvertible {
        case staging = "the staging folder"
        case target = "the target"
        case folder = "the folder that both lie in"

        var testDescription: String { rawValue }

        /// Beneath the kubelet root.
        var name: String {
            switch self {
            case .staging: "pod/staging"
            case .target: "pod/target"
            case .folder: "pod"
            }
        }
    }

    private static let rounds = 40

    @Test("lead nowhere outside", arguments: Place.allCases, [Access.mounted, .rawBlock])
    func swapped(place: Place, access: Access) async throws {
        let folder = TemporaryFolder("swap")
        try await withNode(in: folder) { node in
            let sentinel = try await Sentinel(in: folder)
            let volume = try await node.create("v", access.capability, size: 128 * mebibyte)
            var outcomes: [StatusCode: Int] = [:]
            var swaps = 0
            for _ in 0..<Self.rounds {
                mkdir(node.path("pod"), 0o755)
                mkdir(node.path("pod/staging"), 0o755)
                if place == .target {
                    if access == .rawBlock {
                        folder.write("kubelet/pod/target", "")
                    } else {
                        mkdir(node.path("pod/target"), 0o755)
                    }
                }
                symlink(place == .folder ? sentinel.decoy : "\(sentinel.decoy)/empty", node.path("evil"))
                let swapper = Swapper(node.path(place.name), node.path("evil"), spare: node.path("spare"))
                for code in await useOnce(node, volume) { outcomes[code, default: 0] += 1 }
                swaps += await swapper.stop()
                try await sentinel.expectUntouched("\(place.rawValue), \(access.rawValue)")
                try await clear(node, volume)
            }
            #expect(swaps > Self.rounds, "there was nothing to be tried")
            let log = node.logText.split(separator: "\n")
            // Both ways of the race were taken, and losing it is a refusal: nothing of the node's has failed.
            let failures = log.filter { $0.contains(" ERROR ") }
            #expect(failures.isEmpty, "\(failures.count) failures, the first: \(failures.first ?? "")")
            #expect(outcomes[.ok, default: 0] > 0 && outcomes.keys.contains { $0 != .ok }, "\(outcomes)")
        }
    }

    private func useOnce(_ node: NodeUnderTest, _ volume: TestVolume) async -> [StatusCode] {
        let staging = node.path("pod/staging")
        let target = node.path("pod/target")
        return [
            await outcome { () async throws(RPCStatus) in
                try await node.call(
                    CSIMethod.nodeStageVolume,
                    .init(
                        volumeID: volume.id, stagingTargetPath: staging, volumeCapability: volume.capability))
            },
            await outcome { () async throws(RPCStatus) in
                try await node.call(
                    CSIMethod.nodePublishVolume,
                    .init(
                        volumeID: volume.id, stagingTargetPath: staging, targetPath: target,
                        volumeCapability: volume.capability))
            },
            await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.nodeGetVolumeStats, .init(volumeID: volume.id, volumePath: target))
            },
            await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.nodeUnpublishVolume, .init(volumeID: volume.id, targetPath: target))
            },
            await outcome { () async throws(RPCStatus) in
                try await node.call(
                    CSIMethod.nodeUnstageVolume, .init(volumeID: volume.id, stagingTargetPath: staging))
            },
        ]
    }

    /// Undoes what was done under whichever name, and removes the names.
    private func clear(_ node: NodeUnderTest, _ volume: TestVolume) async throws {
        for path in node.folder.mountPoints.filter({ $0.hasPrefix(node.kubeletRoot) }) + [node.path("none")] {
            _ = await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.nodeUnpublishVolume, .init(volumeID: volume.id, targetPath: path))
            }
            _ = await outcome { () async throws(RPCStatus) in
                try await node.call(CSIMethod.nodeUnstageVolume, .init(volumeID: volume.id, stagingTargetPath: path))
            }
        }
        try #require(node.folder.mountPoints.isEmpty, "a mount cannot be undone through the node")
        let names = ["pod", "evil", "spare"].map { "'\(node.path($0))'" }.joined(separator: " ")
        try await run("sh", "-c", "rm -rf \(names)")
    }
}
