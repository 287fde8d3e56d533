internal import JSON

/// A label selector in the words of a query.
struct LabelSelector: Sendable {
    private enum Requirement {
        case isIn(String, [String])
        case isNotIn(String, [String])
        case exists(String)
        case existsNot(String)
        case above(String, Int64)
        case below(String, Int64)
    }

    private let requirements: [Requirement]

    init(_ text: String) throws(APIStatus) {
        var reader = SelectorReader(text)
        var requirements: [Requirement] = []
        while !reader.isAtEnd {
            requirements.append(try Self.requirement(&reader))
            if reader.isAtEnd { break }
            guard reader.take(",") else {
                throw reader.refusal("found '\(reader.rest)', expected: ',' or 'end of string'")
            }
            if reader.isAtEnd { throw reader.refusal("found '', expected: identifier after ','") }
        }
        self.requirements = requirements
    }

    private static func requirement(_ reader: inout SelectorReader) throws(APIStatus) -> Requirement {
        let isNegated = reader.take("!")
        let key = reader.word()
        guard !key.isEmpty else { throw reader.refusal("found '\(reader.rest)', expected: !, identifier, or ','") }
        if let problem = Names.problem(withKey: key) {
            throw reader.refusal("key: Invalid value: \"\(key)\": \(problem)")
        }
        if isNegated { return .existsNot(key) }
        if reader.isAtEnd || reader.sees(",") { return .exists(key) }
        for sign in ["==", "!=", "=", ">", "<"] where reader.take(sign) {
            let value = reader.word()
            if sign == ">" || sign == "<" {
                guard let bound = Int64(value) else { throw reader.refusal("'\(value)' is no integer") }
                return sign == ">" ? .above(key, bound) : .below(key, bound)
            }
            try checkValue(value, reader)
            return sign == "!=" ? .isNotIn(key, [value]) : .isIn(key, [value])
        }
        let verb = reader.word()
        guard verb == "in" || verb == "notin", reader.take("(") else {
            throw reader.refusal("found '\(verb)', expected: in, notin, =, ==, !=, gt, lt")
        }
        var values: [String] = []
        repeat {
            let value = reader.word()
            try checkValue(value, reader)
            values.append(value)
        } while reader.take(",")
        guard reader.take(")") else { throw reader.refusal("found '\(reader.rest)', expected: ',' or ')'") }
        return verb == "in" ? .isIn(key, values) : .isNotIn(key, values)
    }

    private static func checkValue(_ value: String, _ reader: SelectorReader) throws(APIStatus) {
        if let problem = Names.problem(withLabelValue: value) {
            throw reader.refusal("values[0]: Invalid value: \"\(value)\": \(problem)")
        }
    }

    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): labels[key].map(values.contains) ?? false
            case .isNotIn(let key, let values): !(labels[key].map(values.contains) ?? false)
            case .exists(let key): labels[key] != nil
            case .existsNot(let key): labels[key] == nil
            case .above(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .below(let key, let bound): labels[key].flatMap { Int64($0) }.map { $0 < bound } ?? false
            }
        }
    }

    var isEmpty: Bool { requirements.isEmpty }
}

/// Reads a selector piece by piece; spaces between pieces do not count.
private struct SelectorReader {
    private let text: String
    private(set) var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
        skip()
    }

    private mutating func skip() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    var isAtEnd: Bool { rest.isEmpty }

    func sees(_ sign: String) -> Bool { rest.hasPrefix(sign) }

    mutating func take(_ sign: String) -> Bool {
        guard rest.hasPrefix(sign) else { return false }
        rest = rest.dropFirst(sign.count)
        skip()
        return true
    }

    mutating func word() -> String {
        let word = rest.prefix { !" \t,=!()<>".contains($0) }
        rest = rest.dropFirst(word.count)
        skip()
        return String(word)
    }

    func refusal(_ why: String) -> APIStatus { .badRequest("unable to parse requirement: \(why)") }
}

/// A field selector in the words of a query.
struct FieldSelector: Sendable {
    private struct Requirement {
        let field: String
        let value: String
        let isEqual: Bool
    }

    private let requirements: [Requirement]

    init(_ text: String, for resource: APIResource) throws(APIStatus) {
        var requirements: [Requirement] = []
        for part in text.split(separator: ",") {
            guard let sign = part.firstIndex(where: { $0 == "=" || $0 == "!" }) else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            let field = part[..<sign]
            var value = part[sign...]
            let isEqual = !value.hasPrefix("!=")
            if isEqual, value.hasPrefix("==") {
                value = value.dropFirst(2)
            } else {
                value = value.dropFirst(isEqual ? 1 : 2)
            }
            let isKnown =
                field == "metadata.name" || (field == "metadata.namespace" && resource.isNamespaced)
                || resource.selectable[String(field)] != nil
            guard isKnown else { throw .badRequest("field label not supported: \(field)") }
            let place = resource.selectable[String(field)] ?? String(field)
            requirements.append(Requirement(field: place, value: String(value), isEqual: isEqual))
        }
        self.requirements = requirements
    }

    func matches(_ object: JSON) -> Bool {
        requirements.allSatisfy { ($0.value == Self.text(object[at: $0.field])) == $0.isEqual }
    }

    private static func text(_ value: JSON?) -> String {
        switch value {
        case .string(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        default: ""
        }
    }

    var isEmpty: Bool { requirements.isEmpty }
}

/// Which objects of a resource a list or a watch is about.
struct ListScope: Sendable {
    var namespace: String?
    var name: String?
    let labels: LabelSelector
    let fields: FieldSelector

    func holds(_ key: ObjectKey) -> Bool {
        (namespace.map { $0 == key.namespace } ?? true) && (name.map { $0 == key.name } ?? true)
    }

    func matches(_ object: JSON) -> Bool { labels.matches(object.labels) && fields.matches(object) }

    var selects: Bool { !labels.isEmpty || !fields.isEmpty }
}
