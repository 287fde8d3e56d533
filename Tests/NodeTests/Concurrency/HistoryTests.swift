internal import RPC
internal import Testing

/// The judge of concurrent calls, judged itself.
@Suite("Histories of calls at the same time")
struct HistoryTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let label: String
        let isPossible: Bool
        let events: [Event<VolumeModel>]

        init(_ label: String, isPossible: Bool, _ events: Event<VolumeModel>...) {
            self.label = label
            self.isPossible = isPossible
            self.events = events
        }

        var testDescription: String { label }
    }

    private static func call(
        _ call: VolumeModel.Call, _ code: StatusCode?, _ began: Int, _ ended: Int, size: Int64? = nil,
        isAttached: Bool? = nil
    ) -> Event<VolumeModel> {
        Event(
            call: call, answer: code.map { .init(code: $0, size: size, isAttached: isAttached) }, began: began,
            ended: ended)
    }

    private static let created = call(.create(size: 16), .ok, 1, 2, size: 16)

    @Test(
        "those that an order explains are accepted, the others are not",
        arguments: [
            Row("nothing at all", isPossible: true),
            Row("one after the other", isPossible: true, created, call(.stats(0), .notFound, 3, 4)),
            Row(
                "a look that overlaps a creation sees it", isPossible: true,
                call(.create(size: 16), .ok, 1, 4, size: 16),
                call(.condition, .ok, 2, 3, size: 16, isAttached: false)),
            Row(
                "a look that overlaps a creation does not see it", isPossible: true,
                call(.create(size: 16), .ok, 1, 4, size: 16), call(.condition, .notFound, 2, 3)),
            Row(
                "a look behind a creation does not see it", isPossible: false, created,
                call(.condition, .notFound, 3, 4)),
            Row(
                "a second look forgets what a first one saw", isPossible: false,
                call(.create(size: 16), .ok, 1, 8, size: 16),
                call(.condition, .ok, 2, 3, size: 16, isAttached: false), call(.condition, .notFound, 4, 5)),
            Row(
                "two creations of different sizes both succeed", isPossible: false,
                call(.create(size: 16), .ok, 1, 4, size: 16), call(.create(size: 24), .ok, 2, 5, size: 24)),
            Row(
                "two creations of different sizes, of which one is refused", isPossible: true,
                call(.create(size: 16), .alreadyExists, 1, 4), call(.create(size: 24), .ok, 2, 5, size: 24)),
            Row(
                "two writers at once", isPossible: false, created, call(.stage, .ok, 3, 4),
                call(.publish(0), .ok, 5, 8),
                call(.publish(1), .ok, 6, 7)),
            Row(
                "a writer after another one has gone", isPossible: true, created, call(.stage, .ok, 3, 4),
                call(.publish(0), .ok, 5, 6), call(.unpublish(0), .ok, 7, 10), call(.publish(1), .ok, 8, 9)),
            Row(
                "a growth that is lost", isPossible: false, created, call(.expand(to: 24), .ok, 3, 4, size: 24),
                call(.listed, .ok, 5, 6, size: 16)),
            Row(
                "a deletion of which nobody knows, and which has happened", isPossible: true, created,
                call(.delete, nil, 3, 4), call(.condition, .notFound, 9, 10)),
            Row(
                "a deletion of which nobody knows, and which happens later", isPossible: true, created,
                call(.delete, nil, 3, 4), call(.condition, .ok, 5, 6, size: 16, isAttached: false),
                call(.condition, .notFound, 9, 10)),
            Row(
                "a deletion of which nobody knows, and which never happens", isPossible: true, created,
                call(.delete, nil, 3, 4), call(.condition, .ok, 5, 6, size: 16, isAttached: false)),
            Row(
                "a deletion of which nobody knows does not happen twice", isPossible: false, created,
                call(.delete, nil, 3, 4), call(.condition, .notFound, 5, 6),
                call(.create(size: 16), .ok, 7, 8, size: 16),
                call(.condition, .notFound, 9, 10)),
            Row(
                "a deletion of nothing yet that is the one of a creation which it overlaps", isPossible: true,
                call(.create(size: 16), .ok, 1, 8, size: 16), call(.delete, .ok, 2, 9),
                call(.condition, .ok, 3, 7, size: 16, isAttached: false), call(.condition, .notFound, 10, 11)),
            Row(
                "a snapshot of a former volume is not the new one's", isPossible: false, created,
                call(.snapshot(0), .ok, 3, 4), call(.delete, .ok, 5, 6), call(.create(size: 16), .ok, 7, 8, size: 16),
                call(.snapshot(0), .ok, 9, 10)),
            Row(
                "in the middle of many good calls one is wrong", isPossible: false, created, call(.attach, .ok, 3, 6),
                call(.attach, .ok, 4, 7), call(.detach, .ok, 5, 8), call(.delete, .failedPrecondition, 9, 10),
                call(.condition, .ok, 11, 12, size: 16, isAttached: false), call(.delete, .ok, 13, 14)),
        ])
    func judged(row: Row) {
        let contradiction = History(row.events).contradiction(to: VolumeModel())
        #expect((contradiction == nil) == row.isPossible, "\(contradiction ?? "it was accepted")")
        #expect(History(row.events.reversed()).contradiction(to: VolumeModel()) == contradiction)
    }

    @Test("of hundreds of calls are judged quickly, whatever their end")
    func long() {
        var events: [Event<VolumeModel>] = []
        for round in 0..<100 {
            let start = 40 * round
            events.append(Self.call(.create(size: 16), .ok, start, start + 9, size: 16))
            for client in 1...8 { events.append(Self.call(.stats(0), .notFound, start + client, start + 20 + client)) }
            events.append(Self.call(.delete, round % 10 == 0 ? nil : .ok, start + 29, start + 35))
        }
        events.removeAll { $0.answer == nil }
        #expect(History(events).contradiction(to: VolumeModel()) == nil)
        events.append(Self.call(.stats(0), .ok, 4_500, 4_501))
        #expect(History(events).contradiction(to: VolumeModel()) != nil)
    }
}
