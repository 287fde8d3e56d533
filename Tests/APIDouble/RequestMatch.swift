/// Which requests a fault, a denial or a wait is about. What is nil matches everything.
public struct RequestMatch: Sendable, Equatable {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete` or `deletecollection`; the HTTP method in lower case
    /// for what is not about a resource.
    public var verb: String?
    /// The plural name, such as `persistentvolumes`; a sub-resource stands behind a slash, as in
    /// `persistentvolumeclaims/status`.
    public var resource: String?
    public var namespace: String?
    public var name: String?
    /// What the User-Agent begins with.
    public var userAgent: String?
    /// The user's name, as the certificate or the token says.
    public var user: String?

    public init(
        _ verb: String? = nil, _ resource: String? = nil, name: String? = nil, namespace: String? = nil,
        userAgent: String? = nil, user: String? = nil
    ) {
        (self.verb, self.resource, self.name, self.namespace) = (verb, resource, name, namespace)
        (self.userAgent, self.user) = (userAgent, user)
    }

    public static let any = RequestMatch()

    public func matches(_ record: RequestRecord) -> Bool {
        (verb.map { $0 == record.verb } ?? true) && (resource.map { $0 == record.resource } ?? true)
            && (namespace.map { $0 == record.namespace } ?? true) && (name.map { $0 == record.name } ?? true)
            && (userAgent.map { record.userAgent.hasPrefix($0) } ?? true) && (user.map { $0 == record.user } ?? true)
    }
}

/// A request that has come.
public struct RequestRecord: Sendable {
    /// Counted from 0, in the order in which they came.
    public let number: Int
    public let verb: String
    /// The plural name with the sub-resource; the path for what is not about a resource.
    public let resource: String
    public let namespace: String
    /// Empty for a collection; for a creation the name in the body.
    public let name: String
    /// The query as it came, decoded: `name=value` pairs with `&` between them.
    public let query: String
    public let userAgent: String
    public let user: String
    public let contentType: String
    public let body: [UInt8]
    /// Nil while it is not answered; 0 when the connection was cut instead.
    public internal(set) var code: Int?
}
