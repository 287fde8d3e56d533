/// The order of resource versions: they are decimal numbers that grow with every change of a kind's objects.
enum ResourceVersion {
    /// Whether the one came after the other; true when that cannot be told, and another one is another state.
    static func isNewer(_ one: String?, than other: String?) -> Bool {
        guard let one, let other, let left = UInt64(one), let right = UInt64(other) else { return one != other }
        return left > right
    }

    /// Whether the one surely came before the other.
    static func isOlder(_ one: String, than other: String) -> Bool {
        guard let left = UInt64(one), let right = UInt64(other) else { return false }
        return left < right
    }
}
