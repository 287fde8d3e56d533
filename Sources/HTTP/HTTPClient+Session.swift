internal import CMicrohttpd

extension HTTPClient {
    /// Who stands at the other end of a TLS session.
    init(session: gnutls_session_t) {
        var count: UInt32 = 0
        guard let shown = gnutls_certificate_get_peers(session, &count), count > 0 else {
            self = .anonymous
            return
        }
        var status: UInt32 = 0
        guard gnutls_certificate_verify_peers2(session, &status) == 0 else {
            self = .untrusted("it cannot be verified")
            return
        }
        guard status == 0 else {
            self = .untrusted(Self.meaning(of: status))
            return
        }
        guard let subject = HTTPSubject(der: shown) else {
            self = .untrusted("its subject cannot be read")
            return
        }
        self = .certified(subject)
    }

    private static func meaning(of status: UInt32) -> String {
        var text = gnutls_datum_t()
        guard gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0, let data = text.data
        else { return "its verification gave \(status)" }
        defer { holdfast_http_release(data) }
        return String(decoding: UnsafeRawBufferPointer(start: data, count: Int(text.size)), as: UTF8.self)
    }
}

extension HTTPSubject {
    fileprivate init?(der: UnsafePointer<gnutls_datum_t>) {
        var certificate: gnutls_x509_crt_t?
        guard gnutls_x509_crt_init(&certificate) == 0, let certificate else { return nil }
        defer { gnutls_x509_crt_deinit(certificate) }
        guard gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0 else { return nil }
        var organizations: [String] = []
        while let name = Self.part(GNUTLS_OID_X520_ORGANIZATION_NAME, organizations.count, of: certificate) {
            organizations.append(name)
        }
        self.init(
            commonName: Self.part(GNUTLS_OID_X520_COMMON_NAME, 0, of: certificate) ?? "", organizations: organizations)
    }

    private static func part(_ kind: String, _ index: Int, of certificate: gnutls_x509_crt_t) -> String? {
        withUnsafeTemporaryAllocation(byteCount: 1_024, alignment: 1) { room in
            var size = room.count
            let status = gnutls_x509_crt_get_dn_by_oid(certificate, kind, UInt32(index), 0, room.baseAddress, &size)
            guard status == 0 else { return nil }
            return String(decoding: room.prefix(size), as: UTF8.self)
        }
    }
}
