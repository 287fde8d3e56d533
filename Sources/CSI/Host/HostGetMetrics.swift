internal import CWire

extension Host {
    /// Carries nothing.
    public struct GetMetricsRequest: WireMessage {
        public init() {}
    }
}

extension Host.GetMetricsRequest: CodedEmpty {
    static var blank: Blank<Holdfast__V1__GetMetricsRequest> { holdfast__v1__get_metrics_request__init }
}

extension Host {
    /// The node's metrics.
    public struct GetMetricsResponse: WireMessage {
        /// In Prometheus' text format 0.0.4.
        public var text: String

        public init(text: String = "") {
            self.text = text
        }
    }
}

extension Host.GetMetricsResponse: Coded {
    static var blank: Blank<Holdfast__V1__GetMetricsResponse> { holdfast__v1__get_metrics_response__init }

    init(_ c: Holdfast__V1__GetMetricsResponse) {
        text = unpacked(c.text)
    }

    func fill(_ c: inout Holdfast__V1__GetMetricsResponse, in arena: Arena) {
        c.text = arena.packed(text)
    }
}
