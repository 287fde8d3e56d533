import Glibc
import JSON
import Syscalls
import TestSupport

/// A client that shares nothing with the double: curl with the certificates of a kubeconfig file.
final class CurlClient: Sendable {
    struct Answer: Sendable {
        let code: Int
        let body: String
        /// `null` when the body is no JSON.
        let json: JSON
    }

    let url: String
    private let folder: TemporaryFolder
    private let options: String

    /// Takes address, authority and credentials out of the file, whatever its layout.
    init(kubeconfig: String, userAgent: String = "curl-client/1.0") throws {
        folder = TemporaryFolder("curl")
        let value = { (key: String) in
            outcome(of: "grep -oE '\(key): *\"?[^\", }]+' '\(kubeconfig)' | head -n 1 | sed 's/^[^ ]* *\"*//'").output
        }
        url = value("server")
        for (file, key) in [
            ("ca.crt", "certificate-authority-data"), ("client.crt", "client-certificate-data"),
            ("client.key", "client-key-data"),
        ] {
            let data = value(key)
            if !data.isEmpty { try sh("echo '\(data)' | base64 -d > '\(folder.at(file))'") }
        }
        var options = "-sS --noproxy '*' --cacert '\(folder.at("ca.crt"))' -A '\(userAgent)'"
        if access(folder.at("client.crt"), R_OK) == 0 {
            options += " --cert '\(folder.at("client.crt"))' --key '\(folder.at("client.key"))'"
        }
        let token = value("token")
        if !token.isEmpty { options += " -H 'Authorization: Bearer \(token)'" }
        self.options = options
    }

    /// Sends one request. The code is 0 when no answer came; then the body holds curl's words.
    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, type: String = "application/json", seconds: Double = 20,
        more: String = ""
    ) async -> Answer {
        let text = body.map { $0.text() }
        return await send(method, path, text: text, type: type, seconds: seconds, more: more)
    }

    func send(
        _ method: String, _ path: String, text: String?, type: String = "application/json", seconds: Double = 20,
        more: String = ""
    ) async -> Answer {
        await HostThread.run { [self] in
            let file = "body-\(makeName())"
            var command = "curl \(options) --max-time \(seconds) -X \(method) -w '\\n%{http_code}' \(more)"
            if let text {
                folder.write(file, text)
                command += " -H 'Content-Type: \(type)' --data-binary '@\(folder.at(file))'"
            }
            let (status, output) = outcome(of: "\(command) '\(url)\(path)'")
            unlink(folder.at(file))
            let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
            let answer = lines.dropLast().joined(separator: "\n")
            let code = status == 0 ? Int(lines.last ?? "") ?? 0 : 0
            return Answer(code: code, body: answer, json: (try? JSON.parse(answer)) ?? .null)
        }
    }

    /// Watches for that long, or until the server ends it, and returns the events.
    func watch(_ path: String, seconds: Double) async -> [JSON] {
        let answer = await send("GET", path, text: nil, seconds: seconds)
        return answer.body.split(separator: "\n").compactMap { try? JSON.parse(String($0)) }
    }
}

/// A name that nobody has used before.
func makeName() -> String { randomBytes(5).hexadecimal }
