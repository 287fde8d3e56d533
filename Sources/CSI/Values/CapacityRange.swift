internal import CWire

/// How large a volume has to be; at least one bound is set.
public struct CapacityRange: WireMessage {
    /// Bytes; 0 = no lower bound.
    public var requiredBytes: Int64

    /// Bytes; 0 = unlimited.
    public var limitBytes: Int64

    public init(requiredBytes: Int64 = 0, limitBytes: Int64 = 0) {
        self.requiredBytes = requiredBytes
        self.limitBytes = limitBytes
    }
}

extension CapacityRange: Coded {
    static var blank: Blank<Csi__V1__CapacityRange> { csi__v1__capacity_range__init }

    init(_ c: Csi__V1__CapacityRange) {
        requiredBytes = c.required_bytes
        limitBytes = c.limit_bytes
    }

    func fill(_ c: inout Csi__V1__CapacityRange, in arena: Arena) {
        c.required_bytes = requiredBytes
        c.limit_bytes = limitBytes
    }
}
