internal import CSI
internal import RPC

// Checks that several requests share. Missing and malformed fields are refused before anything is looked up, as the
// specification's tables have it.

/// A field that must be there.
func require(_ value: String, _ field: String) throws(RPCStatus) -> String {
    if value.isEmpty { throw .invalid("\(field) is missing") }
    return value
}

/// The longest volume name in characters. CSI's general limit is 128 bytes; real names of 128 characters come.
let nameLimit = 128

/// A requested name: any Unicode but control characters. Newline, tab and carriage return are legal (CSI, "Size limits"
/// and the name's own definition).
func requireName(_ name: String, _ field: String) throws(RPCStatus) -> String {
    _ = try require(name, field)
    let scalars = name.unicodeScalars
    guard scalars.count <= nameLimit else {
        throw .invalid("\(field) has \(scalars.count) characters; at most \(nameLimit) are allowed")
    }
    if let control = scalars.first(where: isForbiddenControl) {
        throw .invalid("\(field) holds the control character U+\(String(control.value, radix: 16, uppercase: true))")
    }
    return name
}

private func isForbiddenControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0a, 0x0d: false
    case 0...0x1f, 0x7f...0x9f: true
    default: false
    }
}

/// A capacity range as the request has it; 0 is unstated.
func readRange(_ range: CapacityRange?) throws(RPCStatus) -> (required: Int64, limit: Int64) {
    guard let range else { return (0, 0) }
    for (value, field) in [(range.requiredBytes, "required_bytes"), (range.limitBytes, "limit_bytes")] where value < 0 {
        throw .invalid("capacity_range.\(field) is \(value); it cannot be negative")
    }
    if range.limitBytes > 0 && range.limitBytes < range.requiredBytes {
        throw RPCStatus(
            .outOfRange,
            "capacity_range asks for at least \(range.requiredBytes) and at most \(range.limitBytes) bytes; "
                + "no volume can be both")
    }
    return (range.requiredBytes, range.limitBytes)
}

/// The key of the volume context under which a volume's incarnation travels.
let incarnationKey = "holdfast.dev/incarnation"
