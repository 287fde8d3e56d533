import JSON
import Testing

/// A request and what a real API server answers to it.
struct TruthStep: Sendable {
    let label: String
    let method: String
    /// `{run}` stands for a name of this run, `{ns}` for its namespace, `{...}` else for what an earlier step kept.
    let path: String
    var body: JSON?
    /// The body as text, where it is no JSON.
    var text: String?
    var type = "application/json"
    let code: Int
    /// The reason of the Status; nil where the answer is none.
    var reason: String?
    /// What stands at these paths in the answer; null for nothing.
    var fields: [String: JSON] = [:]
    /// The fields that the causes of a Status name.
    var causes: [String]?
    /// What the message of a Status contains.
    var message: String?
    /// Whether it is asked again until the answer is the right one: others work on it.
    var waits = false
    /// The names of a list's items, in their order.
    var items: [String]?
    /// Values of the answer that later steps name, by their path.
    var keeps: [String: String] = [:]

    static func get(
        _ label: String, _ path: String, _ code: Int = 200, _ reason: String? = nil, _ fields: [String: JSON] = [:],
        message: String? = nil, keeps: [String: String] = [:]
    ) -> TruthStep {
        TruthStep(
            label: label, method: "GET", path: path, code: code, reason: reason, fields: fields, message: message,
            keeps: keeps)
    }

    static func send(
        _ label: String, _ method: String, _ path: String, _ body: JSON, _ code: Int = 200, _ reason: String? = nil,
        _ fields: [String: JSON] = [:], causes: [String]? = nil, message: String? = nil, keeps: [String: String] = [:]
    ) -> TruthStep {
        TruthStep(
            label: label, method: method, path: path, body: body, code: code, reason: reason, fields: fields,
            causes: causes, message: message, keeps: keeps)
    }

    /// Asks until the answer is that.
    static func until(
        _ label: String, _ path: String, _ code: Int = 200, _ fields: [String: JSON] = [:]
    ) -> TruthStep {
        TruthStep(label: label, method: "GET", path: path, code: code, fields: fields, waits: true)
    }

    enum PatchKind: String {
        case merge = "application/merge-patch+json"
        case json = "application/json-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case apply = "application/apply-patch+yaml"
    }

    static func patch(
        _ label: String, _ kind: PatchKind, _ path: String, _ body: JSON, _ code: Int = 200, _ reason: String? = nil,
        _ fields: [String: JSON] = [:], causes: [String]? = nil, message: String? = nil, keeps: [String: String] = [:]
    ) -> TruthStep {
        TruthStep(
            label: label, method: "PATCH", path: path, body: body, type: kind.rawValue, code: code, reason: reason,
            fields: fields, causes: causes, message: message, keeps: keeps)
    }

    /// Sends a patch until admission, which looks into caches, knows what was written before.
    static func patchUntil(
        _ label: String, _ kind: PatchKind, _ path: String, _ body: JSON, _ code: Int = 200, _ reason: String? = nil,
        _ fields: [String: JSON] = [:]
    ) -> TruthStep {
        TruthStep(
            label: label, method: "PATCH", path: path, body: body, type: kind.rawValue, code: code, reason: reason,
            fields: fields, waits: true)
    }

    static func delete(
        _ label: String, _ path: String, _ body: JSON? = nil, _ code: Int = 200, _ reason: String? = nil,
        _ fields: [String: JSON] = [:], message: String? = nil
    ) -> TruthStep {
        TruthStep(
            label: label, method: "DELETE", path: path, body: body, code: code, reason: reason, fields: fields,
            message: message)
    }
}

/// Steps that build upon each other.
struct TruthStory: CustomTestStringConvertible, Sendable {
    let label: String
    let steps: [TruthStep]

    var testDescription: String { label }

    /// Tells it to a server, in a namespace of its own.
    func run(with client: CurlClient) async {
        let run = makeName()
        var known = ["run": run, "ns": "truth-\(run)"]
        let namespace: JSON = ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string("truth-\(run)")]]
        let made = await client.send("POST", "/api/v1/namespaces", namespace)
        #expect(made.code == 201, "\(made.body)")
        for step in steps {
            let filled = { (text: String) in
                known.reduce(text) { $0.replacing("{\($1.key)}", with: $1.value) }
            }
            let text = step.text ?? step.body.map { $0.text() }
            let ask = { await client.send(step.method, filled(step.path), text: text.map(filled), type: step.type) }
            var answer = await ask()
            let limit = ContinuousClock.now + .seconds(20)
            while step.waits, ContinuousClock.now < limit,
                answer.code != step.code || !step.fields.allSatisfy({ answer.json[at: $0.key] == $0.value })
            {
                try? await Task.sleep(for: .milliseconds(50))
                answer = await ask()
            }
            let comment: Comment = "\(label): \(step.label): \(answer.code) \(answer.json.text().prefix(1_500))"
            #expect(answer.code == step.code, comment)
            if let reason = step.reason { #expect(answer.json["reason"]?.string ?? "" == reason, comment) }
            for (path, value) in step.fields {
                let found = answer.json[at: path] ?? .null
                let wanted = (try? JSON.parse(filled(value.text()))) ?? value
                #expect(found == wanted, "\(path): \(comment)")
            }
            if let causes = step.causes {
                let fields = answer.json[at: "details.causes"]?.array?.map { $0["field"]?.string ?? "" }
                // Some causes come twice.
                #expect(Set(fields ?? []) == Set(causes), comment)
            }
            if let items = step.items {
                #expect(answer.json["items"]?.array?.map(\.name) == items, comment)
            }
            if let message = step.message {
                #expect(answer.json["message"]?.string?.contains(filled(message)) ?? false, comment)
            }
            for (name, path) in step.keeps { known[name] = answer.json[at: path]?.string ?? "" }
        }
        _ = await client.send("DELETE", "/api/v1/namespaces/truth-\(run)")
    }
}
