internal import Syscalls
internal import Testing

@testable internal import Volumes

@Suite("Looks at volumes that may never come back")
struct LooksTests {
    private let looks = Looks()
    private let subject = "volume hf-1"
    private let other = "pool default"

    /// Longer than any test runs: who waits that long never ends.
    private static let forEver = 1e6

    /// What a look that is not late says.
    private func value(_ outcome: Looks.Outcome<Int>) throws -> Int {
        guard case .value(let value) = outcome else { throw LateLook() }
        return value
    }

    private struct LateLook: Error {}

    private func isLate(_ outcome: Looks.Outcome<Int>) -> Bool {
        if case .late = outcome { true } else { false }
    }

    @Test("what comes back is the answer, an error too")
    func answers() throws {
        #expect(try value(looks.run(subject, patience: Self.forEver) { 7 }) == 7)
        #expect(throws: VolumeError.self) {
            try looks.run(subject, patience: Self.forEver) { () throws(VolumeError) -> Int in throw .noSuchVolume("x") }
        }
        #expect(try value(looks.run(subject, patience: Self.forEver) { 8 }) == 8)
    }

    @Test("while one hangs, the next are told so at once and make no other look; other volumes go on")
    func hanging() throws {
        let (begun, mayGo, gone) = (Flag(), Flag(), Flag())
        let first = try looks.run(subject, patience: 0) {
            begun.raise()
            mayGo.wait()
            gone.raise()
            return 1
        }
        #expect(isLate(first))
        begun.wait()
        for _ in 1...1_000 {
            #expect(
                isLate(
                    try looks.run(subject, patience: Self.forEver) {
                        Issue.record("a second look")
                        return 2
                    }))
        }
        #expect(try value(looks.run(other, patience: Self.forEver) { 3 }) == 3)
        mayGo.raise()
        gone.wait()
        // It has come back; that it is noted may take a moment yet.
        while isLate(try looks.run(subject, patience: Self.forEver) { 4 }) {}
        #expect(try value(looks.run(subject, patience: Self.forEver) { 5 }) == 5)
    }

    @Test("looks that end just when nobody waits any more leave nothing behind")
    func atTheLimit() throws {
        for round in 0..<20_000 {
            // Some of them come back before the wait has ended, some after it.
            _ = try looks.run(subject, patience: Double(round % 8) * 5e-6) { round }
            var late = 0
            while isLate(try looks.run(subject, patience: Self.forEver) { round }) {
                late += 1
                try #require(late < 10_000_000, "round \(round) is taken for one that hangs for ever")
            }
        }
    }
}
