internal import CSI
internal import RPC
internal import Testing

@Suite("Listing volumes", .needsRoot)
struct ListVolumesTests {
    @Test("a walk in pages goes on when its token's volume is deleted and others are added")
    func walk() async throws {
        try await withNode { node in
            var volumes: [String: TestVolume] = [:]
            for number in 1...7 {
                let volume = try await node.create("v\(number)", size: 8 * mebibyte)
                volumes[volume.id] = volume
            }
            var seen: [String] = []
            var deleted: Set<String> = []
            var token = ""
            var pages = 0
            repeat {
                let page = try await node.call(
                    CSIMethod.listVolumes, ListVolumesRequest(maxEntries: 2, startingToken: token))
                #expect(page.entries.count <= 2)
                seen += page.entries.compactMap { $0.volume?.volumeID }
                token = page.nextToken
                pages += 1
                if pages <= 2, let last = page.entries.last?.volume, let volume = volumes[last.volumeID] {
                    // The token stands for the place after this one.
                    try await node.delete(volume)
                    deleted.insert(volume.id)
                    _ = try await node.create("added \(pages)", size: 8 * mebibyte)
                }
                try #require(pages < 20)
            } while !token.isEmpty
            #expect(Set(seen).count == seen.count, "a volume came twice")
            #expect(Set(seen).isSuperset(of: Set(volumes.keys)), "a volume was left out")
            #expect(deleted.count >= 1)
        }
    }

    @Test("without a limit all come at once, with what they are")
    func everything() async throws {
        try await withNode { node in
            let empty = try await node.call(CSIMethod.listVolumes, ListVolumesRequest())
            #expect(empty.entries.isEmpty && empty.nextToken.isEmpty)
            let volume = try await node.create()
            let list = try await node.call(CSIMethod.listVolumes, ListVolumesRequest())
            #expect(list.entries.map { $0.volume?.volumeContext } == [volume.context])
            #expect(list.entries.map { $0.volume?.capacityBytes } == [volume.size])
            #expect(list.nextToken.isEmpty)
        }
    }

    @Test("an exact last page has no token, and a token outlives the process")
    func lastPage() async throws {
        try await withNode { node in
            for number in 1...4 { _ = try await node.create("v\(number)", size: 8 * mebibyte) }
            let first = try await node.call(CSIMethod.listVolumes, ListVolumesRequest(maxEntries: 2))
            #expect(!first.nextToken.isEmpty)
            try await node.restart()
            let request = ListVolumesRequest(maxEntries: 2, startingToken: first.nextToken)
            let second = try await node.call(CSIMethod.listVolumes, request)
            #expect(second.entries.count == 2 && second.nextToken.isEmpty)
        }
    }

    @Test("a token that was never given is ABORTED, a negative limit INVALID_ARGUMENT")
    func refusals() async throws {
        try await withNode { node in
            for number in 1...3 { _ = try await node.create("v\(number)", size: 8 * mebibyte) }
            let page = try await node.call(CSIMethod.listVolumes, ListVolumesRequest(maxEntries: 1))
            var changed = Array(page.nextToken)
            changed[5] = changed[5] == "0" ? "1" : "0"
            var tampered = Array(page.nextToken)
            tampered[tampered.count - 1] = tampered[tampered.count - 1] == "0" ? "1" : "0"
            let id = try #require(page.entries.first?.volume?.volumeID)
            for token in [String(changed), String(tampered), "1", "made up", id, "\(id).", "../x", "\n"] {
                await refused(.aborted, "starting_token", what: token) {
                    try await node.call(CSIMethod.listVolumes, ListVolumesRequest(startingToken: token))
                }
            }
            await refused(.invalidArgument, "max_entries") {
                try await node.call(CSIMethod.listVolumes, ListVolumesRequest(maxEntries: -1))
            }
        }
    }
}
