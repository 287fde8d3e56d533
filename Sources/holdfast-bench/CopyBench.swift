internal import CSI
internal import Glibc
internal import RPC
internal import Synchronization
internal import Syscalls

/// Snapshots, clones, copies and growth.
struct CopyBench {
    let bench: NodeBench
    let rounds: Int

    private static let gibibyte: Int64 = 1 << 30

    func measure() async throws {
        let client = CSIClient(socket: bench.socket, timeout: 300)
        defer { client.close() }
        try await measureSharing(client)
        try await measureCopying(client)
        try await measureGrowing(client)
    }

    /// On an XFS pool: a volume with 1 GiB of data, and one with hardly any, to see that the size does not count; then how
    /// long a writer waits while snapshots are taken.
    private func measureSharing(_ client: CSIClient) async throws {
        for (label, mebibytes) in [("1mib", 1), ("1gib", 1_024)] {
            let volume = try await BenchVolume(
                client, bench, "shared-\(label)", pool: "xfs", bytes: 2 * Self.gibibyte)
            try await volume.use()
            try run(
                "dd", ["if=/dev/urandom", "of=\(volume.target)/data", "bs=1M", "count=\(mebibytes)", "conv=fsync"])
            var snapshots: [Double] = []
            var clones: [Double] = []
            var ids: [String] = []
            for round in 0..<rounds {
                let first = Moment.now
                ids.append(try await volume.snapshot("\(label)-\(round)"))
                let second = Moment.now
                let clone = try await BenchVolume(
                    client, bench, "clone-\(label)-\(round)", pool: "xfs", bytes: 2 * Self.gibibyte,
                    source: VolumeContentSource(.snapshot(id: ids[round])))
                clones.append(second.age * 1_000)
                snapshots.append(Double(second.nanoseconds - first.nanoseconds) / 1e6)
                try await clone.delete()
            }
            report("snapshot_reflink_\(label)_p50", median(snapshots), "ms")
            report("clone_reflink_\(label)_p50", median(clones), "ms")
            if mebibytes > 1 { try await measureFreezing(volume, &ids) }
            for id in ids { _ = try await client.call(CSIMethod.deleteSnapshot, DeleteSnapshotRequest(snapshotID: id)) }
            try await volume.stopUsing()
            try await volume.delete()
        }
    }

    /// The longest that a single write had to wait during each snapshot.
    private func measureFreezing(_ volume: BenchVolume, _ ids: inout [String]) async throws {
        let writer = Writer(try Files.open("\(volume.target)/log", O_WRONLY | O_CREAT))
        writer.start()
        var waits: [Double] = []
        for round in 0..<(rounds * 8) {
            writer.forget()
            ids.append(try await volume.snapshot("freeze-\(round)"))
            waits.append(writer.longest)
        }
        try writer.stop()
        waits.sort()
        report("freeze_p50", median(waits), "ms")
        report("freeze_p99", waits[min(waits.count - 1, waits.count * 99 / 100)], "ms")
    }

    /// On a pool that copies: a raw block volume of which half is data, against cp on its image. Both end on the device.
    private func measureCopying(_ client: CSIClient) async throws {
        let volume = try await BenchVolume(
            client, bench, "copied", pool: "default", bytes: Self.gibibyte, access: .block)
        let image = "\(bench.path)/pool/volumes/\(volume.id).image"
        for megabyte in stride(from: 0, to: 1_024, by: 64) {
            try run(
                "dd",
                [
                    "if=/dev/urandom", "of=\(image)", "bs=1M", "seek=\(megabyte)", "count=32", "conv=notrunc,fsync",
                ])
        }
        var ours: [Double] = []
        var theirs: [Double] = []
        for round in 0...min(rounds, 7) {
            let first = Moment.now
            let clone = try await BenchVolume(
                client, bench, "copy-\(round)", pool: "default", bytes: Self.gibibyte, access: .block,
                source: VolumeContentSource(.volume(id: volume.id)))
            let second = Moment.now
            try await clone.delete()
            try run("sync", ["-f", bench.path])
            let third = Moment.now
            try run("cp", ["--sparse=always", image, "\(bench.path)/raw/copy"])
            try run("sync", ["\(bench.path)/raw/copy"])
            let fourth = Moment.now
            try run("rm", ["\(bench.path)/raw/copy"])
            try run("sync", ["-f", bench.path])
            // The first of each warms the caches and is not counted.
            guard round > 0 else { continue }
            ours.append(512 / (Double(second.nanoseconds - first.nanoseconds) / 1e9))
            theirs.append(512 / (Double(fourth.nanoseconds - third.nanoseconds) / 1e9))
        }
        report("clone_copy_rate", median(ours), "MiB/s")
        report("cp_sparse_rate", median(theirs), "MiB/s")
        report("clone_copy_ratio", median(ours) / median(theirs), "ratio")
        try await volume.delete()
    }

    /// A published XFS, 64 MiB more at a time: growing an ext4 asks for CAP_SYS_RESOURCE, which not every root has.
    private func measureGrowing(_ client: CSIClient) async throws {
        let volume = try await BenchVolume(
            client, bench, "grown", pool: "default", bytes: Self.gibibyte, access: .mount(.init(fsType: "xfs")))
        try await volume.use()
        var times: [Double] = []
        for round in 1...rounds {
            let started = Moment.now
            try await volume.expand(to: Self.gibibyte + Int64(round) * (64 << 20))
            times.append(started.age * 1_000)
        }
        report("expand_online_p50", median(times), "ms")
        try await volume.stopUsing()
        try await volume.delete()
    }
}

/// Writes a few bytes again and again, and notes the longest that one write took.
private final class Writer: Sendable {
    private let file: OpenFile
    private let most = Mutex(0.0)
    private let stopping = Atomic<Bool>(false)
    private let stopped = Flag()

    init(_ file: consuming Descriptor) { self.file = OpenFile(file) }

    func start() {
        HostThread.start { [self] in
            let bytes = [UInt8](repeating: 0x68, count: 4_096)
            while !stopping.load(ordering: .relaxed) {
                let started = Moment.now
                bytes.withUnsafeBytes { bytes in
                    _ = pwrite(file.descriptor.number, bytes.baseAddress, bytes.count, 0)
                }
                let milliseconds = started.age * 1_000
                most.withLock { $0 = max($0, milliseconds) }
                usleep(100)
            }
            stopped.raise()
        }
    }

    func forget() { most.withLock { $0 = 0 } }

    /// Milliseconds.
    var longest: Double { most.withLock { $0 } }

    func stop() throws {
        stopping.store(true, ordering: .relaxed)
        guard stopped.wait(until: .after(seconds: 30)) else {
            throw BenchError(description: "the writer never came back from a write")
        }
    }
}
