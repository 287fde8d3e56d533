internal import CSI
internal import HTTP
internal import RPC
internal import Reconciler

/// What the pod serves over HTTP: its health for kubelet, and its metrics for Prometheus, the node's share fetched over the
/// socket.
struct Pages: Sendable {
    let reconciler: Reconciler
    /// With a short timeout: a page must not wait for a node that hangs.
    let plugin: CSIClient

    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard request.method == "GET" || request.method == "HEAD" else {
            return HTTPResponse(status: 405, headers: ["Allow": "GET, HEAD"])
        }
        switch request.path {
        case ["healthz"]: return .text("ok\n")
        case ["readyz"]: return await readiness()
        case ["metrics"]: return await metrics()
        default: return .text("There is /healthz, /readyz and /metrics.\n", status: 404)
        }
    }

    /// 200, or 503 with a line for each reason.
    private func readiness() async -> HTTPResponse {
        var reasons = reconciler.troubles
        do throws(RPCStatus) {
            let health = try await plugin.call(Host.getHealth, Host.GetHealthRequest())
            if !health.ready { reasons += health.reasons.map { "the node is not ready: \($0)" } }
        } catch {
            reasons.append("the node does not answer: \(error.message)")
        }
        if reasons.isEmpty { return .text("ok\n") }
        return .text(reasons.map { "\($0)\n" }.joined(), status: 503)
    }

    /// Both shares; of a node that does not answer, that it is down.
    private func metrics() async -> HTTPResponse {
        var text = reconciler.metrics
        do throws(RPCStatus) {
            text += try await plugin.call(Host.getMetrics, Host.GetMetricsRequest()).text
            text += Self.up(true)
        } catch {
            text += Self.up(false)
        }
        return HTTPResponse(
            status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
            body: .bytes(Array(text.utf8)))
    }

    private static func up(_ isUp: Bool) -> String {
        "# HELP holdfast_node_up 1 when the node has answered.\n# TYPE holdfast_node_up gauge\nholdfast_node_up \(isUp ? 1 : 0)\n"
    }
}
