internal import Glibc
internal import TestSupport

/// A moment at which the power goes, and what the disk's cache then takes with it.
struct PowerCut: Sendable, CustomStringConvertible {
    enum Loss: String, CaseIterable, Sendable { case all, some, none }

    /// Entries of the log that had come to the disk.
    let position: Int
    /// Which of the writes behind the last flush are lost.
    let loss: Loss
    let seed: UInt64
    /// Whether the client asks again for what got no answer, or leaves it.
    let retries: Bool

    var description: String {
        "cut at entry \(position) with \(loss) lost by seed \(seed), the client \(retries ? "asks again" : "gives up")"
    }

    /// What the disk holds afterwards: everything up to the last flush, and a part of the rest.
    func survivors(of log: DiskLog) -> [DiskLog.Entry] {
        let seen = log.entries[..<position]
        let flush = seen.lastIndex { if case .sync = $0 { true } else { false } } ?? 0
        guard loss != .none else { return Array(seen) }
        var random = SplitMix(seed)
        let rest = loss == .all ? [] : seen[flush...].compactMap { Self.remains(of: $0, &random) }
        return seen[..<flush] + rest
    }

    /// Half of the writes are lost, and some are torn. Disks with sectors of 512 bytes could tear finer; filesystems rely
    /// on their blocks of 4 KiB (btrfs has no other copy of a superblock that it reads by itself).
    private static func remains(of entry: DiskLog.Entry, _ random: inout SplitMix) -> DiskLog.Entry? {
        if Bool.random(using: &random) { return nil }
        guard case .write(let offset, let bytes) = entry, bytes.count > 4_096,
            Int.random(in: 0..<4, using: &random) == 0
        else { return entry }
        let blocks = Int.random(in: 1..<(bytes.count + 4_095) / 4_096, using: &random)
        if Bool.random(using: &random) { return .write(offset: offset, bytes: Array(bytes.prefix(blocks * 4_096))) }
        return .write(offset: offset + Int64(blocks * 4_096), bytes: Array(bytes.dropFirst(blocks * 4_096)))
    }

    /// Spreads cuts over a run: right after answers, and within deeds, of all deeds in turn.
    static func choose(_ count: Int, of run: PowerRun, seed: UInt64) -> [PowerCut] {
        var random = SplitMix(seed)
        let order = run.steps.shuffled(using: &random)
        return (0..<count).map { number in
            let step = order[number % order.count]
            let isWithin = (number + number / order.count) % 2 == 0 && step.end > step.begin + 1
            let position = isWithin ? Int.random(in: step.begin + 1..<step.end, using: &random) : step.end
            // Right after an answer the harshest disk is the one to ask.
            let loss: Loss = isWithin ? .allCases.randomElement(using: &random)! : number % 4 == 3 ? .some : .all
            return PowerCut(
                position: position, loss: loss, seed: random.next(), retries: Bool.random(using: &random))
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same cuts for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
