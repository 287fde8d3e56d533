internal import CWire

/// Alpha. Whether a volume is fit for use.
public struct VolumeCondition: WireMessage {
    /// Alpha.
    public var abnormal: Bool

    /// Alpha. What is wrong, or that nothing is, for people.
    public var message: String

    public init(abnormal: Bool = false, message: String = "") {
        self.abnormal = abnormal
        self.message = message
    }
}

extension VolumeCondition: Coded {
    static var blank: Blank<Csi__V1__VolumeCondition> { csi__v1__volume_condition__init }

    init(_ c: Csi__V1__VolumeCondition) {
        abnormal = c.abnormal != 0
        message = unpacked(c.message)
    }

    func fill(_ c: inout Csi__V1__VolumeCondition, in arena: Arena) {
        c.abnormal = abnormal ? 1 : 0
        c.message = arena.packed(message)
    }
}
