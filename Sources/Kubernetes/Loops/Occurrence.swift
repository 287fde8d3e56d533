internal import JSON

/// Something to be told about an object.
struct Occurrence: Sendable {
    let kind: EventRecorder.Kind
    let reason: String
    let message: String
    let object: ObjectReference
    let at: Timestamp

    /// The name of its Event: the object's, and a hash of everything that makes it another Event.
    func eventName(_ component: String, _ host: String) -> String {
        let parts = [object.kind, object.uid, object.namespace ?? "", object.name, kind.rawValue, reason, message]
        let digest = hash(parts + [component, host])
        // An object's name may be as long as an Event's own.
        return "\(shortened(object.name, 253 - 17)).\(digest)"
    }

    func event(_ name: String, _ namespace: String, _ component: String, _ host: String) -> Event {
        var source: JSON = ["component": .string(component)]
        if !host.isEmpty { source["host"] = .string(host) }
        var event = Event(name: name, namespace: namespace)
        event.json["involvedObject"] = object.json
        event.json["type"] = .string(kind.rawValue)
        event.json["reason"] = .string(shortened(reason, 128))
        event.json["message"] = .string(message)
        event.json["source"] = source
        event.json["firstTimestamp"] = .string(at.text)
        event.json["lastTimestamp"] = .string(at.text)
        event.json["count"] = 1
        event.json["reportingComponent"] = .string(component)
        event.json["reportingInstance"] = .string(host)
        return event
    }
}

/// FNV-1a of 64 bits, in hexadecimal: names have to differ, and nobody gains by making them equal.
private func hash(_ parts: [String]) -> String {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in parts {
        // A byte that no UTF-8 has stands between the parts.
        for byte in Array(part.utf8) + [0xff] { value = (value ^ UInt64(byte)) &* 0x0100_0000_01b3 }
    }
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// A text of at most that many bytes, cut between two characters.
func shortened(_ text: String, _ limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
    while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
    return String(text[..<end])
}
