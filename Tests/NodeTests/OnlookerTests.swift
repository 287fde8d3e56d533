internal import CSI
internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls
internal import Testing

/// udev, lsblk and every other plugin open block devices just to look at them. A loop device goes away with its last
/// opener, and that may then be one of them.
@Suite("Onlookers", .needsRoot)
struct OnlookerTests {
    @Test(
        "whoever looks at the device meanwhile does not fail unstage or delete", arguments: Kind.all.filter(\.isSmall))
    func onlooker(kind: Kind) async throws {
        try await withNode { node in
            let volume = try await node.create("v", kind.capability, size: kind.size, parameters: kind.parameters)
            let isOver = Atomic(false)
            async let looking: Void = HostThread.run {
                while !isOver.load(ordering: .relaxed) { loopDevices(in: node.pool).forEach(look) }
            }
            defer { isOver.store(true, ordering: .relaxed) }
            for _ in 1...10 {
                try await node.stage(volume)
                try await node.unstage(volume)
            }
            try await node.delete(volume)
            isOver.store(true, ordering: .relaxed)
            await looking
        }
    }

    /// Reads what a probe for signatures reads, a few times over.
    @Sendable private func look(_ name: String) {
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        for _ in 1...50 {
            let device = open("/dev/\(name)", O_RDONLY | O_CLOEXEC)
            if device < 0 { return }
            pread(device, &bytes, bytes.count, 0)
            close(device)
        }
    }
}

extension Kind {
    fileprivate var isSmall: Bool { size <= 8 * mebibyte }
}
