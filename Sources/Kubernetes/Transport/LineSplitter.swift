/// Takes bytes as they come and gives whole lines.
struct LineSplitter {
    /// In bytes, without the line's end.
    let limit: Int
    private var line: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// Gives each line that has become whole to `body`, without its end; empty ones are left out. False when one is longer
    /// than the limit: there is no sense in going on then.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: ([UInt8]) -> Void) -> Bool {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            guard line.count + rest[..<end].count <= limit else { return false }
            line.append(contentsOf: rest[..<end])
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if !line.isEmpty { body(line) }
            line = []
            rest = rest[(end + 1)...]
        }
        guard line.count + rest.count <= limit else { return false }
        line.append(contentsOf: rest)
        return true
    }

    /// What has come since the last line's end.
    var unfinished: [UInt8] { line }
}
