internal import Devices
internal import Testing

@testable internal import Pools

@Suite("Volume index")
struct VolumeIndexTests {
    private let pool = UUID.random()

    private func record(_ name: String, bytes: Int64 = 1, _ intent: VolumeIntent = .ready) -> VolumeRecord {
        VolumeRecord(
            id: VolumeID(pool: pool, name: name), name: name, pool: pool, incarnation: "i", size: bytes, access: .block,
            provisioning: .thin, parameters: [:], claim: [:], created: 0, intent: intent)
    }

    private func filled(_ count: Int) -> VolumeIndex {
        let index = VolumeIndex()
        for number in 0..<count { index.put(record("\(number)", bytes: Int64(number + 1))) }
        return index
    }

    /// The ids of all pages, one after another.
    private func pages(_ index: VolumeIndex, by limit: Int, between: (Int) -> Void = { _ in }) -> [[VolumeID]] {
        var pages: [[VolumeID]] = []
        var token: VolumeID?
        while pages.count < 1_000 {
            let page = index.page(after: token, limit: limit).map(\.id)
            if page.isEmpty { return pages }
            pages.append(page)
            token = page.last
            between(pages.count)
        }
        return pages
    }

    @Test("pages give every volume once, in the order of the ids", arguments: [1, 2, 3, 7, 10, 11, 100])
    func order(_ limit: Int) {
        let index = filled(10)
        let pages = pages(index, by: limit)
        let all = pages.flatMap { $0 }
        #expect(all == all.sorted() && Set(all).count == 10)
        #expect(pages.dropLast().allSatisfy { $0.count == limit })
        #expect(pages == self.pages(index, by: limit), "the same again")
    }

    @Test("a page goes on where the token stood, even if that volume is gone")
    func deletedToken() {
        let index = filled(9)
        let all = index.page(after: nil, limit: 9).map(\.id)
        let token = all[3]
        index.remove(token)
        #expect(index.page(after: token, limit: 3).map(\.id) == Array(all[4...6]))
        #expect(
            index.page(after: VolumeID(pool: pool, name: "never was"), limit: 100).allSatisfy { all.contains($0.id) })
        #expect(index.page(after: all[8], limit: 3).isEmpty)
    }

    @Test("what comes and goes between pages moves nobody else")
    func changes() {
        let index = filled(20)
        let before = Set(index.page(after: nil, limit: 100).map(\.id))
        let seen = pages(index, by: 3) { page in
            index.put(record("new \(page)"))
            index.remove(VolumeID(pool: pool, name: "new \(page - 1)"))
        }.flatMap { $0 }
        #expect(Set(seen).isSuperset(of: before))
        #expect(seen.count == Set(seen).count && seen == seen.sorted())
    }

    @Test("a volume that is being deleted is not listed, and is still known")
    func deleting() throws {
        let index = filled(3)
        index.put(record("1", .deleting))
        #expect(index.page(after: nil, limit: 100).count == 2)
        #expect(try index.record(VolumeID(pool: pool, name: "1"))?.intent == .deleting)
    }

    @Test("a damaged record is an error, never an absence")
    func damaged() {
        let index = filled(1)
        let id = VolumeID(pool: pool, name: "damaged")
        index.markDamaged(id, .damagedRecord(path: "/x", reason: "torn"))
        #expect(throws: PoolError.self) { try index.record(id) }
        #expect(index.damaged.keys.contains(id))
        #expect(index.count == 1)
    }

    @Test("counts and promises")
    func promises() {
        let index = filled(3)
        #expect(index.committed == 6 && index.count == 3)
        #expect(index.promise(4, limit: 10))
        #expect(!index.promise(1, limit: 10), "what is being made counts")
        #expect(index.promise(0, limit: 10))
        index.put(record("new", bytes: 4), settling: 4)
        #expect(index.committed == 10)
        #expect(!index.promise(1, limit: 10))
        index.remove(VolumeID(pool: pool, name: "new"))
        #expect(index.promise(4, limit: 10))
        index.settle(4)
        #expect(index.promise(4, limit: 10))
        #expect(!index.promise(.max, limit: .max), "a sum beyond 64 bits is refused, not a trap")
        index.remove(VolumeID(pool: pool, name: "never was"))
        #expect(index.committed == 6)
    }

    @Test("10,000 volumes are indexed, found and listed", .timeLimit(.minutes(2)))
    func many() throws {
        let index = filled(10_000)
        #expect(index.count == 10_000)
        let listed = pages(index, by: 500).flatMap { $0 }
        #expect(listed.count == 10_000 && listed == listed.sorted())
        for number in stride(from: 0, to: 10_000, by: 97) {
            #expect(try index.record(VolumeID(pool: pool, name: "\(number)"))?.size == Int64(number + 1))
        }
        for number in 0..<10_000 { index.remove(VolumeID(pool: pool, name: "\(number)")) }
        #expect(index.count == 0 && index.committed == 0)
    }
}
