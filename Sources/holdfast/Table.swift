internal import JSON

/// Rows of text under headings, each column as wide as its widest cell.
struct Table {
    let headings: [String]
    var rows: [[String]] = []

    func text() -> String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line
        }.joined(separator: "\n")
    }
}

/// Names and values, one a line.
func listing(_ pairs: [(String, String)]) -> String {
    let width = pairs.map(\.0.count).max() ?? 0
    return pairs.map { name, value in "\(name):\(String(repeating: " ", count: width - name.count + 2))\(value)" }
        .joined(separator: "\n")
}

/// Bytes as a person reads them: `1 GiB`, `109.0 MiB`, `512 B`.
func size(_ bytes: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1_024 && unit < units.count - 1 {
        value /= 1_024
        unit += 1
    }
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
}

/// A name on one line: control characters as escapes.
func oneLine(_ text: String) -> String {
    text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f } ? text.debugDescription : text
}
