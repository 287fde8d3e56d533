/// A field of a mount table (proc_pid_mountinfo(5)) as it was: space, tab, newline and backslash arrive as three octal digits
/// after a backslash.
public func unescapedMountField(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    while index < bytes.count {
        let digits = bytes.dropFirst(index + 1).prefix(3)
        if bytes[index] == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) {
            out.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
            index += 4
        } else {
            out.append(bytes[index])
            index += 1
        }
    }
    return String(decoding: out, as: UTF8.self)
}
