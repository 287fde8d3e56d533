internal import JSON

/// Ways of changing an object that a PATCH can have.
enum Patches {
    /// RFC 7386.
    static func merged(_ patch: JSON, into target: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var result: JSON = target.object == nil ? [:] : target
        for (key, change) in changes {
            result[key] = change.isNull ? JSON?.none : merged(change, into: result[key] ?? .null)
        }
        return result
    }

    /// RFC 6902.
    static func applied(_ patch: JSON, to target: JSON) throws(APIStatus) -> JSON {
        guard let operations = patch.array else { throw .badRequest("a JSON patch is an array of operations") }
        var result = target
        for operation in operations {
            let path = try steps(operation["path"])
            let value = operation["value"] ?? .null
            switch operation["op"]?.string {
            case "add": try put(value, at: path, in: &result, adds: true)
            case "replace":
                guard get(path, in: result) != nil else { throw missing("replace", operation) }
                try put(value, at: path, in: &result, adds: false)
            case "remove": try remove(path, in: &result, operation)
            case "test":
                guard get(path, in: result) == value else {
                    throw refused("testing value \(operation["path"]?.string ?? "") failed")
                }
            case "move", "copy":
                let from = try steps(operation["from"])
                guard let moved = get(from, in: result) else { throw missing("copy", operation) }
                if operation["op"] == "move" { try remove(from, in: &result, operation) }
                try put(moved, at: path, in: &result, adds: true)
            default: throw .badRequest("Unexpected kind: \(operation["op"]?.string ?? "none")")
            }
        }
        return result
    }

    private static func refused(_ why: String) -> APIStatus {
        APIStatus(
            code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request",
            details: ["causes": [["message": .string(why)]]])
    }

    private static func missing(_ verb: String, _ operation: JSON) -> APIStatus {
        refused("\(verb) operation does not apply: doc is missing path: \(operation["path"]?.string ?? "")")
    }

    /// RFC 6901.
    private static func steps(_ pointer: JSON?) throws(APIStatus) -> [String] {
        guard let text = pointer?.string, text.isEmpty || text.hasPrefix("/") else {
            throw .badRequest("a JSON pointer begins with a slash")
        }
        return text.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { step in
            var out = ""
            var rest = step
            while let character = rest.popFirst() {
                if character == "~", let next = rest.popFirst() {
                    out.append(next == "1" ? "/" : "~")
                } else {
                    out.append(character)
                }
            }
            return out
        }
    }

    private static func get(_ path: [String], in value: JSON) -> JSON? {
        var found: JSON? = value
        for step in path {
            switch found {
            case .object(let members): found = members[step]
            case .array(let elements):
                found = Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : JSON?.none }
            default: return nil
            }
        }
        return found
    }

    private static func put(_ value: JSON, at path: [String], in target: inout JSON, adds: Bool) throws(APIStatus) {
        guard let first = path.first else {
            target = value
            return
        }
        let rest = Array(path.dropFirst())
        switch target {
        case .object(var members):
            if rest.isEmpty {
                members[first] = value
            } else {
                guard var member = members[first] else {
                    throw refused("add operation does not apply: doc is missing path: \(first)")
                }
                try put(value, at: rest, in: &member, adds: adds)
                members[first] = member
            }
            target = .object(members)
        case .array(var elements):
            let index = first == "-" ? elements.count : Int(first) ?? -1
            if rest.isEmpty {
                guard index >= 0 && index <= elements.count else {
                    throw refused("Unable to access invalid index: \(first)")
                }
                if adds || index == elements.count {
                    elements.insert(value, at: index)
                } else {
                    elements[index] = value
                }
            } else {
                guard elements.indices.contains(index) else {
                    throw refused("Unable to access invalid index: \(first)")
                }
                try put(value, at: rest, in: &elements[index], adds: adds)
            }
            target = .array(elements)
        default: throw refused("add operation does not apply: doc is missing path: \(first)")
        }
    }

    private static func remove(_ path: [String], in target: inout JSON, _ operation: JSON) throws(APIStatus) {
        guard let first = path.first, get(path, in: target) != nil else { throw missing("remove", operation) }
        let rest = Array(path.dropFirst())
        switch target {
        case .object(var members):
            if rest.isEmpty {
                members[first] = nil
            } else if var member = members[first] {
                try remove(rest, in: &member, operation)
                members[first] = member
            }
            target = .object(members)
        case .array(var elements):
            guard let index = Int(first) else { throw missing("remove", operation) }
            if rest.isEmpty { elements.remove(at: index) } else { try remove(rest, in: &elements[index], operation) }
            target = .array(elements)
        default: throw missing("remove", operation)
        }
    }
}
