extension Change {
    /// The object as it is now; nil when it is gone.
    public var current: Object? {
        switch self {
        case .added(let object), .updated(let object): object
        case .deleted: nil
        }
    }

    /// The object as it is now, or as it was last.
    public var object: Object {
        switch self {
        case .added(let object), .updated(let object), .deleted(let object): object
        }
    }
}
