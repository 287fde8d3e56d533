public import JSON

/// An error as the API server tells it: a `Status` object with its HTTP code.
public struct APIStatus: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Cause: Sendable, Equatable {
        public let reason: String
        public let message: String
        public let field: String

        public init(_ reason: String, _ message: String, field: String) {
            (self.reason, self.message, self.field) = (reason, message, field)
        }
    }

    public var code: Int
    /// Empty where the real server gives none.
    public var reason: String
    public var message: String
    /// Nil for none.
    public var details: JSON?
    public var metadata: JSON = [:]

    public init(code: Int, reason: String, message: String, details: JSON? = nil) {
        (self.code, self.reason, self.message, self.details) = (code, reason, message, details)
    }

    public var json: JSON {
        var status: JSON = [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": .string(message), "code": .integer(Int64(code)),
        ]
        if !reason.isEmpty { status["reason"] = .string(reason) }
        if let details { status["details"] = details }
        return status
    }

    public var description: String { "\(code) \(reason): \(message)" }
}

extension APIStatus {
    static func badRequest(_ message: String) -> APIStatus {
        APIStatus(code: 400, reason: "BadRequest", message: message)
    }

    static let unauthorized = APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static func notFound(_ resource: APIResource, _ name: String) -> APIStatus {
        APIStatus(
            code: 404, reason: "NotFound", message: "\(resource.qualifiedName) \"\(name)\" not found",
            details: resource.details(name))
    }

    static let unknownResource = APIStatus(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    static let methodNotAllowed = APIStatus(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: [:])

    static func alreadyExists(_ resource: APIResource, _ name: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "AlreadyExists", message: "\(resource.qualifiedName) \"\(name)\" already exists",
            details: resource.details(name))
    }

    static func conflict(_ resource: APIResource, _ name: String, _ why: String) -> APIStatus {
        APIStatus(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource.qualifiedName) \"\(name)\": \(why)",
            details: resource.details(name))
    }

    /// A precondition of a deletion does not hold; the server names the kind here, not the resource.
    static func unmet(_ resource: APIResource, _ name: String, _ why: String) -> APIStatus {
        var details: JSON = ["name": .string(name), "kind": .string(resource.kind)]
        if !resource.group.isEmpty { details["group"] = .string(resource.group) }
        return APIStatus(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(resource.qualifiedKind) \"\(name)\": \(why)", details: details)
    }

    /// Admission refuses it.
    static func forbidden(_ resource: APIResource, _ name: String, _ why: String) -> APIStatus {
        APIStatus(
            code: 403, reason: "Forbidden",
            message: "\(resource.qualifiedName) \"\(name)\" is forbidden: \(why)", details: resource.details(name))
    }

    static func modified(_ resource: APIResource, _ name: String) -> APIStatus {
        conflict(
            resource, name,
            "the object has been modified; please apply your changes to the latest version and try again")
    }

    static func invalid(_ resource: APIResource, _ name: String, _ causes: [Cause]) -> APIStatus {
        let texts = causes.map { "\($0.field): \($0.message)" }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        var details: JSON = ["name": .string(name), "kind": .string(resource.kind)]
        if !resource.group.isEmpty { details["group"] = .string(resource.group) }
        details["causes"] = .array(
            causes.map {
                ["reason": .string($0.reason), "message": .string($0.message), "field": .string($0.field)]
            })
        let kind = resource.group.isEmpty ? resource.kind : "\(resource.kind).\(resource.group)"
        return APIStatus(
            code: 422, reason: "Invalid", message: "\(kind) \"\(name)\" is invalid: \(list)", details: details)
    }

    /// The version asked for is older than what is kept.
    static func expired(_ asked: UInt64, oldest: UInt64) -> APIStatus {
        APIStatus(code: 410, reason: "Expired", message: "too old resource version: \(asked) (\(oldest))")
    }

    static func unsupportedMediaType(_ message: String) -> APIStatus {
        APIStatus(code: 415, reason: "UnsupportedMediaType", message: message)
    }
}
