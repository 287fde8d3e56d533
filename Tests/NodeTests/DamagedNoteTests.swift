internal import CSI
internal import Glibc
internal import RPC
internal import TestSupport
internal import Testing

/// Notes say that an image is being made or deleted, and the next start removes it by them: one that is damaged says
/// nothing.
@Suite("Damaged notes", .needsRoot)
struct DamagedNoteTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let folder: String
        let mark: String
        let damage: FileDamage
        var testDescription: String { "\(mark) in \(folder): \(damage.label)" }

        static let all: [Row] = ["volumes", "snapshots"].flatMap { folder in
            [".making", ".deleted"].flatMap { mark in
                FileDamage.contents.filter { some.contains($0.label) }.map {
                    Row(folder: folder, mark: mark, damage: $0)
                }
                    + FileDamage.strange.map { Row(folder: folder, mark: mark, damage: $0) }
            }
        }

        private static let some = [
            "truncated", "empty", "of a newer version", "a flipped bit in the middle of its body",
        ]
    }

    @Test("beside an image with data, one has nothing removed, and blocks what it stands for alone", arguments: Row.all)
    func besideData(row: Row) async throws {
        try await withNode { node in
            let (volume, other) = try await node.makeTwo()
            let snapshot = try await node.snapshot(volume)
            let isVolume = row.folder == "volumes"
            await node.kill()
            let record = isVolume ? node.record(of: volume) : node.record(of: snapshot)
            let whole = try await read(record, count: fileSize(record))
            rename(record, record + row.mark)
            try await row.damage.make(record + row.mark, "\(node.pool)/aside")
            let id = isVolume ? volume.id : snapshot.snapshotID
            let before = try await inventory("\(node.pool)/\(row.folder)", of: id)
            try await node.start()
            #expect(node.logText.contains(record + row.mark), "\(node.logText)")
            if isVolume {
                try await node.expectBlocked(volume, .dataLoss, record + row.mark, "backup")
            } else {
                let get = GetSnapshotRequest(snapshotID: snapshot.snapshotID)
                await refused(.dataLoss, record + row.mark) { try await node.call(CSIMethod.getSnapshot, get) }
                await refused(.dataLoss, record + row.mark) { try await node.snapshot(volume) }
                await refused(.dataLoss, record + row.mark) { try await node.restore(snapshot) }
                await refused(.dataLoss, record + row.mark) { try await node.delete(snapshot: snapshot) }
            }
            #expect(try await inventory("\(node.pool)/\(row.folder)", of: id) == before)
            try await node.expectUntroubled(other)

            await node.kill()
            try await run("rm", "-rf", record + row.mark)
            try await write(whole, to: record)
            try await node.start()
            try await node.stage(volume)
            #expect(try await read(node.path("staging/file"), count: 3) == [1, 2, 3])
            try await node.unstage(volume)
            try await node.delete(try await node.restore(snapshot))
        }
    }

    @Test("a change that was being written is dropped, whatever stands at its name", arguments: FileDamage.strange)
    func change(damage: FileDamage) async throws {
        try await withNode { node in
            let volume = try await node.create("v", size: 16 * mebibyte)
            let other = try await node.create("other", size: 16 * mebibyte)
            let name = node.record(of: volume) + ".new"
            let isDirectory = damage.word == "it is a directory"
            for isRunning in [true, false] {
                if !isRunning { await node.kill() }
                try await write([1], to: name)
                try await damage.make(name, "\(node.pool)/aside")
                if !isRunning { try await node.start() }
                if isDirectory {
                    // Never ours to remove, so nothing can be noted.
                    await refused(.internalError, name.split(separator: "/").last.map(String.init) ?? "") {
                        try await node.attach(volume)
                    }
                    rmdir(name)
                }
                try await node.attach(volume)
                try await node.detach(volume)
                #expect(!node.poolFiles().contains { $0.hasSuffix(".new") })
                try await node.use(other, as: "other")
                try await node.stopUsing(other, as: "other")
                unlink("\(node.pool)/aside")
            }
        }
    }

    @Test("a note of a freeze that is no file keeps no start and no snapshot waiting", arguments: FileDamage.strange)
    func freeze(damage: FileDamage) async throws {
        try await withNode(on: .xfs) { node in
            let volume = try await node.createInUse("v")
            let name = "\(node.pool)/volumes/\(volume.id).frozen"
            try await write([1], to: name)
            await node.kill()
            try await damage.make(name, "\(node.pool)/aside")
            try await node.start()
            if damage.word == "it is a directory" {
                await refused(.internalError, ".frozen") { try await node.snapshot(volume, "refused") }
                rmdir(name)
            }
            // The next one comes while the node runs.
            try await write([1], to: name)
            try await damage.make(name, "\(node.pool)/aside-2")
            if damage.word == "it is a directory" { rmdir(name) }
            _ = try await node.snapshot(volume)
        }
    }
}
