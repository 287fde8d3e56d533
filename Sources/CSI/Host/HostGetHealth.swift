internal import CWire

extension Host {
    /// Carries nothing.
    public struct GetHealthRequest: WireMessage {
        public init() {}
    }
}

extension Host.GetHealthRequest: CodedEmpty {
    static var blank: Blank<Holdfast__V1__GetHealthRequest> { holdfast__v1__get_health_request__init }
}

extension Host {
    /// What the node is, and how it fares.
    public struct GetHealthResponse: WireMessage {
        /// Whether volumes are served: the start-up pass is through.
        public var ready: Bool

        /// Why not, a sentence each.
        public var reasons: [String]

        public var version: String

        /// The CSI driver's name.
        public var driverName: String

        public var nodeID: String

        /// The segments that its volumes can be reached from.
        public var topology: [String: String]

        /// In the order of the configuration; the first one is used when a class names none.
        public var pools: [Pool]

        /// When the process began to serve.
        public var started: Timestamp?

        /// Milliseconds that the start-up pass took; 0 while it runs.
        public var startUpMilliseconds: Int64

        /// How the node stands with kubelet; absent if it does not register itself.
        public var registration: KubeletRegistration?

        /// How many operations run, and how many of them are stuck.
        public var operations: Int32

        public var stuckOperations: Int32

        /// What the start-up pass could not decide, a sentence each. It concerns single volumes.
        public var startUpTroubles: [String]

        public init(
            ready: Bool = false, reasons: [String] = [], version: String = "", driverName: String = "",
            nodeID: String = "", topology: [String: String] = [:], pools: [Pool] = [], started: Timestamp? = nil,
            startUpMilliseconds: Int64 = 0, registration: KubeletRegistration? = nil, operations: Int32 = 0,
            stuckOperations: Int32 = 0, startUpTroubles: [String] = []
        ) {
            self.ready = ready
            self.reasons = reasons
            self.version = version
            self.driverName = driverName
            self.nodeID = nodeID
            self.topology = topology
            self.pools = pools
            self.started = started
            self.startUpMilliseconds = startUpMilliseconds
            self.registration = registration
            self.operations = operations
            self.stuckOperations = stuckOperations
            self.startUpTroubles = startUpTroubles
        }
    }
}

extension Host.GetHealthResponse: Coded {
    static var blank: Blank<Holdfast__V1__GetHealthResponse> { holdfast__v1__get_health_response__init }

    init(_ c: Holdfast__V1__GetHealthResponse) {
        ready = c.ready != 0
        reasons = unpacked(c.reasons, c.n_reasons)
        version = unpacked(c.version)
        driverName = unpacked(c.driver_name)
        nodeID = unpacked(c.node_id)
        topology = unpacked(c.topology, c.n_topology)
        pools = unpacked(c.pools, c.n_pools)
        started = unpacked(c.started)
        startUpMilliseconds = c.start_up_milliseconds
        registration = unpacked(c.registration)
        operations = c.operations
        stuckOperations = c.stuck_operations
        startUpTroubles = unpacked(c.start_up_troubles, c.n_start_up_troubles)
    }

    func fill(_ c: inout Holdfast__V1__GetHealthResponse, in arena: Arena) {
        c.ready = ready ? 1 : 0
        (c.reasons, c.n_reasons) = arena.packed(reasons)
        c.version = arena.packed(version)
        c.driver_name = arena.packed(driverName)
        c.node_id = arena.packed(nodeID)
        (c.topology, c.n_topology) = arena.packed(topology)
        (c.pools, c.n_pools) = arena.packed(pools)
        c.started = arena.packed(started)
        c.start_up_milliseconds = startUpMilliseconds
        c.registration = arena.packed(registration)
        c.operations = operations
        c.stuck_operations = stuckOperations
        (c.start_up_troubles, c.n_start_up_troubles) = arena.packed(startUpTroubles)
    }
}

extension Host {
    /// How the node stands with kubelet.
    public struct KubeletRegistration: WireMessage {
        /// The registration socket.
        public var socket: String

        /// Whether kubelet has taken the driver since the process began.
        public var registered: Bool

        /// When kubelet last asked or told anything; absent if it never has.
        public var heard: Timestamp?

        public init(socket: String = "", registered: Bool = false, heard: Timestamp? = nil) {
            self.socket = socket
            self.registered = registered
            self.heard = heard
        }
    }
}

extension Host.KubeletRegistration: Coded {
    static var blank: Blank<Holdfast__V1__KubeletRegistration> { holdfast__v1__kubelet_registration__init }

    init(_ c: Holdfast__V1__KubeletRegistration) {
        socket = unpacked(c.socket)
        registered = c.registered != 0
        heard = unpacked(c.heard)
    }

    func fill(_ c: inout Holdfast__V1__KubeletRegistration, in arena: Arena) {
        c.socket = arena.packed(socket)
        c.registered = registered ? 1 : 0
        c.heard = arena.packed(heard)
    }
}
