internal import CCurl
internal import Glibc
internal import Syscalls

/// What all transfers of a client have in common.
struct TransferSettings: Sendable {
    var server: ServerAddress
    var trust: ClusterConfiguration.Trust
    var certificate: (chain: ClusterConfiguration.Certificate, key: ClusterConfiguration.Certificate)?
    var userAgent: String
    var connectTimeout: Double
}

extension Transfer {
    /// Gives the easy handle all that the request needs. Nothing is inherited from the environment.
    func begin(_ easy: UnsafeMutableRawPointer, _ settings: TransferSettings) {
        self.easy = easy
        started = .now
        lastByte = started
        setUpConnection(easy, settings)
        setUpTrust(easy, settings)
        setUpRequest(easy, settings)
        let me = Unmanaged.passUnretained(self).toOpaque()
        holdfast_curl_set_pointer(easy, CURLOPT_WRITEDATA, me)
        holdfast_curl_set_pointer(easy, CURLOPT_HEADERDATA, me)
        holdfast_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        holdfast_curl_set_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            let transfer = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
            return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        holdfast_curl_set_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            let transfer = Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
            transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    /// Lets go of all that `begin` has made but the handle, which the loop keeps for the next one.
    func finish() {
        easy = nil
        freeLists()
        if let body {
            body.deallocate()
            self.body = nil
        }
    }

    private func setUpConnection(_ easy: UnsafeMutableRawPointer, _ settings: TransferSettings) {
        holdfast_curl_set_number(easy, CURLOPT_NOSIGNAL, 1)
        holdfast_curl_set_text(easy, CURLOPT_PROXY, "")
        holdfast_curl_set_text(easy, CURLOPT_NOPROXY, "*")
        holdfast_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, settings.server.isSecure ? "https" : "http")
        holdfast_curl_set_number(easy, CURLOPT_FOLLOWLOCATION, 0)
        holdfast_curl_set_number(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
        // Wait for a connection that is being made rather than make another one: all then share it.
        holdfast_curl_set_number(easy, CURLOPT_PIPEWAIT, 1)
        holdfast_curl_set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(settings.connectTimeout * 1_000))
        holdfast_curl_set_number(easy, CURLOPT_TCP_KEEPALIVE, 1)
        holdfast_curl_set_number(easy, CURLOPT_TCP_KEEPIDLE, 30)
        holdfast_curl_set_number(easy, CURLOPT_TCP_KEEPINTVL, 10)
        holdfast_curl_set_user_timeout(easy, 30_000)
    }

    private func setUpTrust(_ easy: UnsafeMutableRawPointer, _ settings: TransferSettings) {
        holdfast_curl_set_number(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        switch settings.trust {
        case .host: break
        case .authorities(let certificate):
            // Without this the host's own authorities would do as well.
            holdfast_curl_set_text(easy, CURLOPT_CAPATH, nil)
            set(certificate, easy, file: CURLOPT_CAINFO, inline: CURLOPT_CAINFO_BLOB)
        case .anybody:
            holdfast_curl_set_number(easy, CURLOPT_SSL_VERIFYPEER, 0)
            holdfast_curl_set_number(easy, CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let (chain, key) = settings.certificate {
            set(chain, easy, file: CURLOPT_SSLCERT, inline: CURLOPT_SSLCERT_BLOB)
            set(key, easy, file: CURLOPT_SSLKEY, inline: CURLOPT_SSLKEY_BLOB)
        }
    }

    private func set(
        _ certificate: ClusterConfiguration.Certificate, _ easy: UnsafeMutableRawPointer, file: CURLoption,
        inline: CURLoption
    ) {
        switch certificate {
        case .file(let path): holdfast_curl_set_text(easy, file, path)
        case .inline(let bytes):
            _ = bytes.withUnsafeBytes { holdfast_curl_set_blob(easy, inline, $0.baseAddress, $0.count) }
        }
    }

    private func setUpRequest(_ easy: UnsafeMutableRawPointer, _ settings: TransferSettings) {
        let server = settings.server
        holdfast_curl_set_text(easy, CURLOPT_URL, server.url + request.path)
        var lines = ["Accept: application/json", "User-Agent: \(settings.userAgent)"]
        if server.url != server.text {
            // The address says whose certificate it is; the connection goes where the server is.
            let target = curl_slist_append(nil, "::\(server.hostText):\(server.port)")
            own(target)
            holdfast_curl_set_pointer(easy, CURLOPT_CONNECT_TO, target)
            lines.append("Host: \(server.hostText):\(server.port)")
        }
        if let token { lines.append("Authorization: Bearer \(token)") }
        if let body = request.body {
            // curl's own choice for large bodies is to ask first, which costs a round trip.
            lines += ["Content-Type: \(request.contentType)", "Expect:"]
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(body.count, 1), alignment: 1)
            copy.copyBytes(from: body)
            self.body = copy
            holdfast_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            holdfast_curl_set_pointer(easy, CURLOPT_POSTFIELDS, copy.baseAddress)
        }
        holdfast_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method)
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { list = curl_slist_append(list, line) }
        holdfast_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        own(list)
    }
}
