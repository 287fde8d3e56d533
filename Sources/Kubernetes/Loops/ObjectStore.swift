internal import JSON

/// Objects by key, and by what the indexes find in them.
///
/// An object is held as compact JSON and made into values when it is asked for: as values it takes about ten times the
/// memory, and most objects are never looked at again.
struct ObjectStore<Object: KubernetesObject> {
    typealias Index = @Sendable (Object) -> [String]

    private struct Entry {
        let bytes: [UInt8]
        let version: String?
        /// The hash of the uid, which is enough to tell two objects of one name apart.
        let identity: Int
        /// For each index what it found.
        let values: [String: [String]]
    }

    private let indexes: [String: Index]
    private var entries: [ObjectKey: Entry] = [:]
    private var found: [String: [String: Set<ObjectKey>]] = [:]

    init(indexes: [String: Index] = [:]) { self.indexes = indexes }

    var count: Int { entries.count }

    subscript(_ key: ObjectKey) -> Object? { entries[key].flatMap { Self.object($0.bytes) } }

    func version(of key: ObjectKey) -> String? { entries[key]?.version }

    /// Whether what is there under the object's key is the same one, of whichever version.
    func holds(_ object: Object) -> Bool { entries[object.key]?.identity == object.uid.hashValue }

    func contains(_ key: ObjectKey) -> Bool { entries[key] != nil }

    /// The packed objects; unpack them where no lock is held.
    var packed: [[UInt8]] { entries.values.map(\.bytes) }

    func packed(_ index: String, _ value: String) -> [[UInt8]] {
        precondition(indexes[index] != nil, "there is no index '\(index)'")
        return (found[index]?[value] ?? []).compactMap { entries[$0]?.bytes }
    }

    func count(_ index: String, _ value: String) -> Int {
        precondition(indexes[index] != nil, "there is no index '\(index)'")
        return found[index]?[value]?.count ?? 0
    }

    func packed(_ key: ObjectKey) -> [UInt8]? { entries[key]?.bytes }

    static func object(_ bytes: [UInt8]) -> Object? { (try? JSON.parse(bytes)).map(Object.init(json:)) }

    mutating func put(_ object: Object) {
        let key = object.key
        remove(key)
        let values = indexes.mapValues { $0(object) }
        entries[key] = Entry(
            bytes: object.json.serialized(), version: object.resourceVersion, identity: object.uid.hashValue,
            values: values)
        for (index, values) in values {
            for value in values { found[index, default: [:]][value, default: []].insert(key) }
        }
    }

    mutating func remove(_ key: ObjectKey) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        for (index, values) in entry.values {
            for value in values {
                found[index]?[value]?.remove(key)
                if found[index]?[value]?.isEmpty == true { found[index]?[value] = nil }
            }
        }
    }

    /// The keys that are not among those.
    func keys(without others: Set<ObjectKey>) -> [ObjectKey] { entries.keys.filter { !others.contains($0) } }
}
