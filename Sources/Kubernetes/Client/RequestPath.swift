/// The place of objects on the server, and what is asked of it.
struct RequestPath {
    let resource: Resource
    var namespace: String?
    var name: String?
    var subresource: String?
    var query: [(String, String)] = []

    /// The path with its query, escaped.
    var text: String {
        var path = resource.root
        if let namespace, resource.isNamespaced { path += "/namespaces/\(escaped(namespace))" }
        path += "/\(resource.plural)"
        if let name { path += "/\(escaped(name))" }
        if let subresource { path += "/\(subresource)" }
        let pairs = query.map { "\($0.0)=\(escaped($0.1))" }
        return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
    }

    /// For a sentence: `persistentvolumeclaims default/data`.
    var description: String {
        let place = [namespace, name].compactMap { $0 }.joined(separator: "/")
        let what = subresource.map { "\(resource.plural)/\($0)" } ?? resource.plural
        return place.isEmpty ? what : oneLine("\(what) \(place)")
    }

    /// What is wrong with it; nil when nothing is. An empty name would mean all objects, and a path of two parts another
    /// place.
    var fault: String? {
        if let name, !Self.isPathPart(name) { return "'\(oneLine(name))' is no name of an object" }
        if let namespace, !Self.isPathPart(namespace) { return "'\(oneLine(namespace))' is no name of a namespace" }
        if name != nil, resource.isNamespaced, namespace == nil { return "it needs a namespace" }
        return nil
    }

    private static func isPathPart(_ text: String) -> Bool {
        !text.isEmpty && text != "." && text != ".." && !text.utf8.contains(UInt8(ascii: "/"))
            && !text.utf8.contains(UInt8(ascii: "%"))
    }
}

/// Percent-encoding (RFC 3986, section 2.1) of all but the unreserved characters.
func escaped(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.append(byte)
        default: result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: result, as: UTF8.self)
}
