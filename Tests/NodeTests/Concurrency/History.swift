/// What one thing does when calls come one after the other.
protocol SequentialModel: Hashable, Sendable {
    associatedtype Call: Sendable
    associatedtype Answer: Equatable, Sendable

    mutating func perform(_ call: Call) -> Answer

    /// Whether a call that is answered so changes nothing, whatever state it finds.
    static func isLook(_ call: Call, _ answer: Answer) -> Bool
}

/// A call as its client saw it. Moments are numbers that only grow, on one clock for all clients.
struct Event<Model: SequentialModel>: Sendable {
    let call: Model.Call
    /// Nil when the client does not know: the call may have happened at any time after it began, or never.
    let answer: Model.Answer?
    let began: Int
    let ended: Int
}

/// Calls by many clients on one thing, at the same time.
struct History<Model: SequentialModel>: Sendable {
    /// In the order in which they began.
    private let events: [Event<Model>]

    init(_ events: [Event<Model>]) { self.events = events.sorted { $0.began < $1.began } }

    /// Which calls have happened, and what that has made of the thing.
    private struct Point: Hashable {
        /// All calls before this one have happened.
        var first = 0
        /// Those that have happened beyond it, in order.
        var beyond: [Int] = []
        var model: Model

        mutating func add(_ index: Int) {
            guard index == first else {
                beyond.insert(index, at: beyond.firstIndex { $0 > index } ?? beyond.endIndex)
                return
            }
            first += 1
            while beyond.first == first {
                beyond.removeFirst()
                first += 1
            }
        }
    }

    /// Why there is no order of the calls in which each happens between its beginning and its end, and in which `model`
    /// answers as the clients were answered; nil when there is one.
    ///
    /// Source: Wing and Gong, "Testing and Verifying Concurrent Objects", 1993; Lowe, "Testing for linearizability", 2017,
    /// for remembering the points that were tried.
    func contradiction(to model: Model) -> String? {
        guard isContradictory(to: model) else { return nil }
        // The first answer that nothing explains: what is seen up to one that is explained is a possible history.
        let ends = events.filter { $0.answer != nil }.map(\.ended).sorted()
        var range = 0..<ends.count
        while range.count > 1 {
            let middle = (range.lowerBound + range.upperBound) / 2
            let isEarlier = before(ends[middle - 1]).isContradictory(to: model)
            range = isEarlier ? range.lowerBound..<middle : middle..<range.upperBound
        }
        return explanation(until: ends[range.lowerBound], model)
    }

    /// What had been seen at a moment.
    private func before(_ moment: Int) -> History {
        History(
            events.filter { $0.began <= moment }.map { event in
                event.ended <= moment
                    ? event : Event(call: event.call, answer: nil, began: event.began, ended: event.ended)
            })
    }

    private func isContradictory(to model: Model) -> Bool {
        var tried: Set<Point> = []
        var stack = [Point(model: model)]
        while let point = stack.popLast() {
            let (open, limit) = next(after: point)
            guard limit < Int.max else { return false }
            for index in open.reversed() where events[index].began < limit {
                var next = point
                let answer = next.model.perform(events[index].call)
                guard events[index].answer == nil || events[index].answer == answer else { continue }
                // What may never have happened need not happen without a trace.
                if events[index].answer == nil && next.model == point.model { continue }
                next.add(index)
                if tried.insert(next).inserted { stack.append(next) }
                // A look that fits here is in nobody's way: no order has to be tried where it comes later.
                if events[index].answer != nil && Model.isLook(events[index].call, answer) { break }
            }
        }
        return true
    }

    /// The calls that may happen next, and the first end of one that is known to have happened. What began after that end
    /// cannot have happened before it.
    private func next(after point: Point) -> (open: [Int], limit: Int) {
        var open: [Int] = []
        var limit = Int.max
        var index = point.first
        while index < events.count && events[index].began < limit {
            if !point.beyond.contains(index) {
                open.append(index)
                if events[index].answer != nil { limit = min(limit, events[index].ended) }
            }
            index += 1
        }
        return (open, limit)
    }

    private func explanation(until moment: Int, _ model: Model) -> String {
        let seen = events.filter { $0.began <= moment && $0.answer != nil && $0.ended <= moment }
        let unknown = events.filter { $0.began <= moment && ($0.answer == nil || $0.ended > moment) }
        func line(_ event: Event<Model>) -> String {
            "\(event.call) (\(event.began)–\(event.ended)) got \(event.answer.map { "\($0)" } ?? "nothing")"
        }
        return "the answer at \(moment) cannot be: \(seen.suffix(24).map(line).joined(separator: "; ")); "
            + "under way or unknown: \(unknown.map(line).joined(separator: "; "))"
    }
}
