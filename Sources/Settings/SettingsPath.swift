/// A place in the settings, written like `pools[0].path`; empty for the whole document.
struct SettingsPath {
    static let root = SettingsPath(text: "")

    let text: String

    func key(_ key: String) -> SettingsPath {
        // A key may be as long as the file: what is carried along with every value beneath it must be short.
        let name = key.isPlainKey && key.utf8.count <= 64 ? key : quoted(key)
        return SettingsPath(text: text.isEmpty ? name : "\(text).\(name)")
    }

    func index(_ index: Int) -> SettingsPath {
        SettingsPath(text: "\(text)[\(index)]")
    }
}

extension String {
    /// Whether a key can stand in a path without quotes.
    fileprivate var isPlainKey: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "/"): true
                default: false
                }
            }
    }
}
