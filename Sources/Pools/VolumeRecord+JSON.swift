internal import Devices
internal import JSON

/// A record whose fields cannot be understood.
struct MalformedRecord: Error, Sendable {
    let reason: String
}

extension VolumeRecord {
    var json: JSON {
        var object: [String: JSON] = [
            "id": .string(id.text), "name": .string(name), "pool": .string("\(pool)"),
            "incarnation": .string(incarnation), "size": .integer(size), "provisioning": .string(provisioning.rawValue),
            "parameters": .object(parameters.mapValues { .string($0) }),
            "claim": .object(claim.mapValues { .string($0) }), "created": .integer(created),
            "format": format.json,
            "attachments": .array(attachments.map(\.json)),
        ]
        switch access {
        case .block: object["access"] = "block"
        case .mount(let filesystem):
            object["access"] = "mount"
            object["filesystem"] = .string(filesystem)
        }
        return .object(object)
    }

    init(_ json: JSON) throws(MalformedRecord) {
        guard let id = VolumeID(try json.text("id")) else { throw MalformedRecord(reason: "its id is not a volume id") }
        let access: VolumeAccess
        switch try json.text("access") {
        case "block": access = .block
        case "mount": access = .mount(filesystem: try json.text("filesystem"))
        case let other: throw MalformedRecord(reason: "its access '\(other)' is unknown")
        }
        guard let size = json["size"]?.integer, size > 0 else { throw MalformedRecord(reason: "it has no size") }
        var attachments: [Attachment] = []
        for attachment in json["attachments"]?.array ?? [] { attachments.append(try Attachment(attachment)) }
        self.init(
            id: id, name: try json.text("name"), pool: try json.uuid("pool"), incarnation: try json.text("incarnation"),
            size: size, access: access, provisioning: try json.choice("provisioning"),
            parameters: try json.texts("parameters"), claim: try json.texts("claim"),
            created: json["created"]?.integer ?? 0, format: try FormatState(json["format"] ?? .null),
            attachments: attachments)
    }
}

extension FormatState {
    fileprivate var json: JSON {
        switch self {
        case .never: ["state": "never"]
        case .formatting(let uuid, let type):
            ["state": "formatting", "uuid": .string("\(uuid)"), "type": .string(type)]
        case .formatted(let uuid, let type):
            ["state": "formatted", "uuid": .string("\(uuid)"), "type": .string(type)]
        }
    }

    fileprivate init(_ json: JSON) throws(MalformedRecord) {
        switch try json.text("state") {
        case "never": self = .never
        case "formatting": self = .formatting(try json.uuid("uuid"), type: try json.text("type"))
        case "formatted": self = .formatted(try json.uuid("uuid"), type: try json.text("type"))
        case let other: throw MalformedRecord(reason: "its formatting state '\(other)' is unknown")
        }
    }
}

extension Attachment {
    fileprivate var json: JSON {
        ["node": .string(node), "readOnly": .bool(isReadOnly), "mode": .string(mode)]
    }

    fileprivate init(_ json: JSON) throws(MalformedRecord) {
        self.init(
            node: try json.text("node"), isReadOnly: json["readOnly"]?.bool ?? false, mode: try json.text("mode"))
    }
}

extension JSON {
    func text(_ key: String) throws(MalformedRecord) -> String {
        guard let text = self[key]?.string else { throw MalformedRecord(reason: "its field '\(key)' is missing") }
        return text
    }

    func uuid(_ key: String) throws(MalformedRecord) -> UUID {
        guard let uuid = UUID(try text(key)) else { throw MalformedRecord(reason: "its field '\(key)' is no UUID") }
        return uuid
    }

    func choice<Value: RawRepresentable<String>>(_ key: String) throws(MalformedRecord) -> Value {
        let text = try text(key)
        guard let value = Value(rawValue: text) else {
            throw MalformedRecord(reason: "its field '\(key)' has the unknown value '\(text)'")
        }
        return value
    }

    func texts(_ key: String) throws(MalformedRecord) -> [String: String] {
        var texts: [String: String] = [:]
        for (name, value) in self[key]?.object ?? [:] {
            guard let text = value.string else {
                throw MalformedRecord(reason: "its field '\(key)' holds more than text")
            }
            texts[name] = text
        }
        return texts
    }
}
