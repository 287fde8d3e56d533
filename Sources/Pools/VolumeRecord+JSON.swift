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
        access.write(to: &object)
        if let source { object["source"] = .string(source.text) }
        if let ephemeralTarget { object["ephemeralTarget"] = .string(ephemeralTarget) }
        if !mutableParameters.isEmpty {
            object["mutableParameters"] = .object(mutableParameters.mapValues { .string($0) })
        }
        if let growsFrom { object["growsFrom"] = .integer(growsFrom) }
        if isResizing { object["resizing"] = .bool(true) }
        if isUntouchedDevice { object["untouched"] = .bool(true) }
        return .object(object)
    }

    init(_ json: JSON) throws(MalformedRecord) {
        let size = try json.size("size")
        var attachments: [Attachment] = []
        for attachment in json["attachments"]?.array ?? [] { attachments.append(try Attachment(attachment)) }
        self.init(
            id: try json.id("id"), name: try json.text("name"), pool: try json.uuid("pool"),
            incarnation: try json.text("incarnation"), size: size, access: try VolumeAccess(json),
            provisioning: try json.choice("provisioning"),
            parameters: try json.texts("parameters"), claim: try json.texts("claim"),
            created: json["created"]?.integer ?? 0, source: try ContentSource(json["source"]),
            ephemeralTarget: json["ephemeralTarget"]?.string, format: try FormatState(json["format"] ?? .null),
            attachments: attachments, mutableParameters: try json.texts("mutableParameters"),
            growsFrom: json["growsFrom"] == nil ? nil : try json.size("growsFrom"))
        isResizing = json["resizing"]?.bool ?? false
        isUntouchedDevice = json["untouched"]?.bool ?? false
    }
}

extension VolumeAccess {
    func write(to object: inout [String: JSON]) {
        switch self {
        case .block: object["access"] = "block"
        case .mount(let filesystem):
            object["access"] = "mount"
            object["filesystem"] = .string(filesystem)
        }
    }

    init(_ json: JSON) throws(MalformedRecord) {
        switch try json.text("access") {
        case "block": self = .block
        case "mount": self = .mount(filesystem: try json.text("filesystem"))
        case let other: throw MalformedRecord(reason: "its access '\(other)' is unknown")
        }
    }
}

extension ContentSource {
    fileprivate var text: String {
        switch self {
        case .snapshot(let id): id.text
        case .volume(let id): id.text
        }
    }

    fileprivate init?(_ json: JSON?) throws(MalformedRecord) {
        guard let text = json?.string else { return nil }
        if let id = SnapshotID(text) {
            self = .snapshot(id)
        } else if let id = VolumeID(text) {
            self = .volume(id)
        } else {
            throw MalformedRecord(reason: "its source '\(text)' is neither a snapshot nor a volume")
        }
    }
}

extension FormatState {
    var json: JSON {
        switch self {
        case .never: ["state": "never"]
        case .formatting(let uuid, let type):
            ["state": "formatting", "uuid": .string("\(uuid)"), "type": .string(type)]
        case .formatted(let uuid, let type):
            ["state": "formatted", "uuid": .string("\(uuid)"), "type": .string(type)]
        case .renewing(let from, let to, let type):
            [
                "state": "renewing", "from": .array(from.map { .string("\($0)") }), "uuid": .string("\(to)"),
                "type": .string(type),
            ]
        }
    }

    init(_ json: JSON) throws(MalformedRecord) {
        switch try json.text("state") {
        case "never": self = .never
        case "formatting": self = .formatting(try json.uuid("uuid"), type: try json.text("type"))
        case "formatted": self = .formatted(try json.uuid("uuid"), type: try json.text("type"))
        case "renewing":
            var from: [UUID] = []
            for old in json["from"]?.array ?? [] {
                guard let uuid = old.string.flatMap({ UUID($0) }) else {
                    throw MalformedRecord(reason: "its field 'from' holds more than UUIDs")
                }
                from.append(uuid)
            }
            self = .renewing(from: from, to: try json.uuid("uuid"), type: try json.text("type"))
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

    func size(_ key: String) throws(MalformedRecord) -> Int64 {
        guard let size = self[key]?.integer, size > 0 else {
            throw MalformedRecord(reason: "its field '\(key)' is no number of bytes")
        }
        return size
    }

    func id<Kind>(_ key: String) throws(MalformedRecord) -> HashedID<Kind> {
        guard let id = HashedID<Kind>(try text(key)) else {
            throw MalformedRecord(reason: "its field '\(key)' is no id that begins with '\(Kind.prefix)'")
        }
        return id
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
