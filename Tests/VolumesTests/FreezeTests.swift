internal import Glibc
internal import Synchronization
internal import Syscalls
internal import Testing

@testable internal import Volumes

/// A filesystem that does what the test says, and writes down what is done to it.
private final class Sham: Sendable {
    enum Conduct: Sendable {
        case works
        case fails(CInt)
        /// Its freezing comes back when the test lets it.
        case hangs
        /// The kernel refuses to thaw it that often.
        case staysFrozen(times: Int)
    }

    let name: String
    private let conduct: Conduct
    private let isLet = Flag()
    private let deeds = Mutex<[String]>([])
    private let ended = Flag()

    init(_ name: String, _ conduct: Conduct = .works) {
        self.name = name
        self.conduct = conduct
    }

    var done: [String] { deeds.withLock { $0 } }
    private func note(_ deed: String) { deeds.withLock { $0.append(deed) } }

    func letGo() { isLet.raise() }
    /// Waits for its end, which has to come.
    func waitForEnd() { ended.wait() }

    var freeze: Freeze {
        Freeze(
            name,
            Freeze.Deeds(
                freeze: { [self] () throws(SystemError) in
                    switch conduct {
                    case .works, .staysFrozen: break
                    case .fails(let code): throw SystemError("freeze", name, code: code)
                    case .hangs: isLet.wait()
                    }
                    note("frozen")
                },
                thaw: { [self] () throws(SystemError) in
                    if case .staysFrozen(let times) = conduct, done.count(where: { $0 == "refused" }) < times {
                        note("refused")
                        throw SystemError("thaw", name, code: EIO)
                    }
                    note("thawed")
                    return true
                }),
            atEnd: { [self] isThawed in
                note(isThawed ? "ended" : "ended frozen")
                ended.raise()
            })
    }
}

/// An error of what is done while all is still.
private enum Failure: Error, Equatable {
    case freeze(String)
    case body
}

@Suite("Holding filesystems still")
struct FreezeTests {
    /// Milliseconds within which whatever does not hang has come to rest on any machine.
    private let plenty = 60_000
    /// The same, where the limit has to come: whatever does not hang has come to rest before.
    private let soon = 500

    private func hold(
        _ shams: [Sham], milliseconds: Int? = nil, limit: Flag? = nil, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        try holdStill(
            shams.map(\.freeze), milliseconds: milliseconds ?? plenty,
            wrap: { error in
                switch error {
                case .failed(let name, _): .freeze("failed \(name)")
                case .late(let name): .freeze("late \(name)")
                case .tooLong: .freeze("too long")
                case .stuck(let name, _): .freeze("stuck \(name)")
                }
            }, atLimit: { limit?.raise() }, while: body)
    }

    @Test("all are frozen while the body runs, and thawed once, and ended once, after it", arguments: [0, 1, 2, 20])
    func together(count: Int) throws {
        let shams = (0..<count).map { Sham("\($0)") }
        var runs = 0
        try hold(shams) { () throws(Failure) in
            runs += 1
            for sham in shams { #expect(sham.done == ["frozen"]) }
        }
        #expect(runs == 1)
        for sham in shams { #expect(sham.done == ["frozen", "thawed", "ended"]) }
    }

    @Test("what the body throws is thrown, after the thaw")
    func failingBody() {
        let sham = Sham("a")
        #expect(throws: Failure.body) { try hold([sham]) { () throws(Failure) in throw .body } }
        #expect(sham.done == ["frozen", "thawed", "ended"])
    }

    @Test("one that cannot be frozen, as when it is already, is never thawed; the others are", arguments: [0, 1, 2])
    func failing(position: Int) {
        var shams = (0..<2).map { Sham("works \($0)") }
        shams.insert(Sham("busy", .fails(EBUSY)), at: position)
        var didRun = false
        #expect(throws: Failure.freeze("failed busy")) { try hold(shams) { () throws(Failure) in didRun = true } }
        #expect(!didRun)
        for sham in shams {
            sham.waitForEnd()
            #expect(sham.done == (sham.name == "busy" ? ["ended"] : ["frozen", "thawed", "ended"]), "\(sham.name)")
        }
    }

    @Test("one that does not come back holds the others no longer than the limit, and is thawed when it does")
    func hanging() {
        let shams = [Sham("works"), Sham("hangs", .hangs), Sham("works too")]
        var didRun = false
        #expect(throws: Failure.freeze("late hangs")) {
            try hold(shams, milliseconds: soon) { () throws(Failure) in didRun = true }
        }
        #expect(!didRun)
        for index in [0, 2] {
            shams[index].waitForEnd()
            #expect(shams[index].done == ["frozen", "thawed", "ended"])
        }
        #expect(shams[1].done.isEmpty, "nothing is told of one that has not come back")
        shams[1].letGo()
        shams[1].waitForEnd()
        #expect(shams[1].done == ["frozen", "thawed", "ended"])
    }

    @Test(
        "at the limit all are thawed, whatever the body is at, and what it made is of no use", arguments: [false, true])
    func tooLong(fails: Bool) {
        let shams = [Sham("a"), Sham("b")]
        let limit = Flag()
        #expect(throws: Failure.freeze("too long")) {
            try hold(shams, milliseconds: soon, limit: limit) { () throws(Failure) in
                // The limit comes while this runs: it is told of, after the thaw.
                limit.wait()
                for sham in shams { #expect(sham.done == ["frozen", "thawed", "ended"]) }
                // The copy was ended for that very reason.
                if fails { throw .body }
            }
        }
        for sham in shams { #expect(sham.done == ["frozen", "thawed", "ended"], "only once") }
    }

    @Test("one that was never begun is ended without a thaw, once")
    func givenUp() {
        let sham = Sham("a")
        let freeze = sham.freeze
        freeze.giveUp()
        freeze.giveUp()
        freeze.thaw()
        #expect(sham.done == ["ended"])
    }

    @Test("one that is through is not ended a second time by giving it up")
    func givenUpAfterwards() throws {
        let sham = Sham("a")
        let freeze = sham.freeze
        try holdStill([freeze], milliseconds: plenty, wrap: { _ in Failure.body }, while: { () throws(Failure) in })
        freeze.giveUp()
        #expect(!freeze.thaw())
        #expect(sham.done == ["frozen", "thawed", "ended"])
    }

    @Test("a thaw that the kernel refuses once is tried again; the body's work counts")
    func refusedThaw() throws {
        let sham = Sham("a", .staysFrozen(times: 2))
        try hold([sham]) { () throws(Failure) in }
        #expect(sham.done == ["frozen", "refused", "refused", "thawed", "ended"])
    }

    @Test("one that stays frozen is told of as such, and its note is kept for the next start")
    func stuck() {
        let shams = [Sham("works"), Sham("a", .staysFrozen(times: .max))]
        #expect(throws: Failure.freeze("stuck a")) { try hold(shams) { () throws(Failure) in } }
        #expect(shams[0].done == ["frozen", "thawed", "ended"])
        #expect(shams[1].done.last == "ended frozen")
    }

    private final class Claimed: Sendable {}

    /// The volume's claim and an open file of its filesystem: the client may unmount it as soon as it has its answer.
    @Test(
        "nothing is held any more once it is over, though its threads may still be at their ends",
        arguments: [0, EBUSY])
    func lettingGo(code: CInt) {
        weak var claim: Claimed?
        weak var file: Claimed?
        let freeze: Freeze
        do {
            let (claimed, opened) = (Claimed(), Claimed())
            (claim, file) = (claimed, opened)
            freeze = Freeze(
                "a",
                Freeze.Deeds(
                    freeze: { () throws(SystemError) in
                        if code != 0 { throw SystemError("freeze", "a", code: code) }
                        _ = opened
                    },
                    thaw: {
                        _ = opened
                        return true
                    }),
                atEnd: { _ in _ = claimed })
        }
        #expect(claim != nil && file != nil)
        try? holdStill([freeze], milliseconds: plenty, wrap: { _ in Failure.body }, while: { () throws(Failure) in })
        #expect(claim == nil && file == nil)
        withExtendedLifetime(freeze) {}
    }
}
