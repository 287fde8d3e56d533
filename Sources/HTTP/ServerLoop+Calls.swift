internal import CMicrohttpd
internal import Syscalls

/// What the library tells the server, on the server's thread.
extension ServerLoop {
    static func calls(context: UnsafeMutableRawPointer) -> holdfast_http_calls {
        holdfast_http_calls(
            context: context,
            opened: { context, connection in
                guard let context, let connection else { return nil }
                return ServerLoop.at(context).opened(connection)
            },
            closed: { context, socket in
                guard let context, let socket else { return }
                let connection = Unmanaged<Connection>.fromOpaque(socket).takeRetainedValue()
                ServerLoop.at(context).connections[ObjectIdentifier(connection)] = nil
            },
            begun: { context, connection, target in
                guard let context, let connection, let target else { return nil }
                return ServerLoop.at(context).begun(connection, String(cString: target))
            },
            handle: { context, request, connection, method, piece, length in
                guard let context, let request, let connection else { return 0 }
                let exchange = Unmanaged<Exchange>.fromOpaque(request).takeUnretainedValue()
                let bytes = UnsafeRawBufferPointer(start: piece, count: length)
                let loop = ServerLoop.at(context)
                return loop.handle(exchange, connection, method.map { String(cString: $0) } ?? "", bytes) ? 1 : 0
            },
            ended: { context, request in
                guard let context, let request else { return }
                let exchange = Unmanaged<Exchange>.fromOpaque(request).takeRetainedValue()
                exchange.end()
                for connection in ServerLoop.at(context).connections.values where connection.exchange === exchange {
                    connection.exchange = nil
                }
            })
    }

    private static func at(_ context: UnsafeMutableRawPointer) -> ServerLoop {
        Unmanaged<ServerLoop>.fromOpaque(context).takeUnretainedValue()
    }

    private func opened(_ raw: OpaquePointer) -> UnsafeMutableRawPointer {
        let connection = Connection(raw, dueAt: .after(seconds: limits.requestSeconds))
        connections[ObjectIdentifier(connection)] = connection
        return Unmanaged.passRetained(connection).toOpaque()
    }

    private func connection(of raw: OpaquePointer) -> Connection? {
        holdfast_http_socket_context(raw).map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }

    private func begun(_ raw: OpaquePointer, _ target: String) -> UnsafeMutableRawPointer? {
        guard let connection = connection(of: raw) else { return nil }
        let exchange = Exchange(raw, target: target, limits: limits, handler: handler) { [weak self] in
            self?.wake.signal()
        }
        connection.exchange = exchange
        connection.dueAt = connection.dueAt ?? .after(seconds: limits.requestSeconds)
        return Unmanaged.passRetained(exchange).toOpaque()
    }

    private func handle(
        _ exchange: Exchange, _ raw: OpaquePointer, _ method: String, _ piece: UnsafeRawBufferPointer
    ) -> Bool {
        guard let connection = connection(of: raw), !isEnding else { return false }
        if !exchange.hasBegun { return exchange.begin(method: method, headers: Self.headers(of: raw)) }
        if piece.count > 0 {
            exchange.take(piece)
            return true
        }
        connection.dueAt = nil
        return exchange.goOn(from: connection)
    }

    private static func headers(of raw: OpaquePointer) -> HTTPHeaders {
        final class Collected { var headers = HTTPHeaders() }
        let collected = Collected()
        withExtendedLifetime(collected) {
            var each = holdfast_http_each(
                context: Unmanaged.passUnretained(collected).toOpaque(),
                call: { context, name, nameLength, value, valueLength in
                    guard let context else { return }
                    let text = { (start: UnsafePointer<CChar>?, length: Int) in
                        String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
                    }
                    Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue()
                        .headers.add(text(name, nameLength), text(value, valueLength))
                })
            holdfast_http_headers(raw, &each)
        }
        return collected.headers
    }
}
