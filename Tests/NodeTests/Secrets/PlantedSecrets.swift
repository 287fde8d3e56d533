internal import CSI
internal import RPC
internal import Synchronization
internal import Syscalls

/// Texts that occur nowhere else on the machine, planted where secrets go and, as a control, where none do.
final class PlantedSecrets: Sendable {
    /// In every secret that is longer than Swift keeps within a `String` itself.
    let long = "planted\(randomBytes(10).hexadecimal)"
    /// In every other one: fits into 15 bytes with what is added to it.
    let short = randomBytes(6).hexadecimal
    /// Where nothing is secret. As long as a label of ext4 may be.
    let control = "open\(randomBytes(6).hexadecimal)"
    private let fields = Mutex<Set<String>>([])

    /// The messages whose secrets were planted.
    var messages: Set<String> { fields.withLock { $0 } }

    /// Secrets for a request: short ones and long ones, one that is not ASCII, and one that does not fit into one read.
    func secrets<Request: WireMessage>(_: Request.Type) -> Secrets {
        fields.withLock { _ = $0.insert(Request.fullName) }
        let name = Request.fullName
        return [
            "\(long)-key-\(name)": "\(long)-value-\(name)", "\(short)-k": "\(short)-v", "other": "ä\(long)ö-\(name)",
            "large": String(repeating: "\(long)\(short)", count: 2_000),
        ]
    }
}

/// What the calls of a test said when they were refused.
final class Refused: Sendable {
    private let all = Mutex<[String]>([])

    var sentences: String { all.withLock { $0.joined(separator: "\n") } }

    func call<Value>(_ body: () async throws(RPCStatus) -> Value) async -> StatusCode {
        do throws(RPCStatus) {
            _ = try await body()
            return .ok
        } catch {
            all.withLock { $0.append("\(error)") }
            return error.code
        }
    }
}
