internal import CWire

extension Host {
    /// Carries nothing.
    public struct ListOperationsRequest: WireMessage {
        public init() {}
    }
}

extension Host.ListOperationsRequest: CodedEmpty {
    static var blank: Blank<Holdfast__V1__ListOperationsRequest> { holdfast__v1__list_operations_request__init }
}

extension Host {
    /// What is being worked on.
    public struct ListOperationsResponse: WireMessage {
        public var operations: [Operation]

        public init(operations: [Operation] = []) {
            self.operations = operations
        }
    }
}

extension Host.ListOperationsResponse: Coded {
    static var blank: Blank<Holdfast__V1__ListOperationsResponse> { holdfast__v1__list_operations_response__init }

    init(_ c: Holdfast__V1__ListOperationsResponse) {
        operations = unpacked(c.operations, c.n_operations)
    }

    func fill(_ c: inout Holdfast__V1__ListOperationsResponse, in arena: Arena) {
        (c.operations, c.n_operations) = arena.packed(operations)
    }
}

extension Host {
    /// A call that has not been answered yet, or work that goes on without one.
    public struct Operation: WireMessage {
        /// The call, such as `NodeStageVolume`.
        public var method: String

        /// The volume, snapshot or group as the call names it; empty for a call about none.
        public var volume: String

        public var since: Timestamp?

        /// Milliseconds since then.
        public var ageMilliseconds: Int64

        /// What it is at, or waits for; empty if that is not known.
        public var step: String

        /// Milliseconds since it came to that step.
        public var stepMilliseconds: Int64

        /// Whether it is at that step for longer than the step should take.
        public var stuck: Bool

        /// What it holds for itself meanwhile, such as `volume hf-…`; empty = nothing.
        public var subject: String

        public init(
            method: String = "", volume: String = "", since: Timestamp? = nil, ageMilliseconds: Int64 = 0,
            step: String = "", stepMilliseconds: Int64 = 0, stuck: Bool = false, subject: String = ""
        ) {
            self.method = method
            self.volume = volume
            self.since = since
            self.ageMilliseconds = ageMilliseconds
            self.step = step
            self.stepMilliseconds = stepMilliseconds
            self.stuck = stuck
            self.subject = subject
        }
    }
}

extension Host.Operation: Coded {
    static var blank: Blank<Holdfast__V1__Operation> { holdfast__v1__operation__init }

    init(_ c: Holdfast__V1__Operation) {
        method = unpacked(c.method)
        volume = unpacked(c.volume)
        since = unpacked(c.since)
        ageMilliseconds = c.age_milliseconds
        step = unpacked(c.step)
        stepMilliseconds = c.step_milliseconds
        stuck = c.stuck != 0
        subject = unpacked(c.subject)
    }

    func fill(_ c: inout Holdfast__V1__Operation, in arena: Arena) {
        c.method = arena.packed(method)
        c.volume = arena.packed(volume)
        c.since = arena.packed(since)
        c.age_milliseconds = ageMilliseconds
        c.step = arena.packed(step)
        c.step_milliseconds = stepMilliseconds
        c.stuck = stuck ? 1 : 0
        c.subject = arena.packed(subject)
    }
}
