internal import Glibc
internal import Syscalls

/// A TCP socket that listens.
struct ListeningSocket: ~Copyable {
    let descriptor: Descriptor
    /// The port, also where the kernel chose it.
    let port: UInt16

    /// `port` 0 lets the kernel choose.
    init(address text: String, port: UInt16) throws(HTTPServerError) {
        var four = sockaddr_in()
        var six = sockaddr_in6()
        if inet_pton(AF_INET, text, &four.sin_addr) == 1 {
            four.sin_family = sa_family_t(AF_INET)
            four.sin_port = port.bigEndian
            try self.init(family: AF_INET, "\(text):\(port)", &four)
        } else if inet_pton(AF_INET6, text, &six.sin6_addr) == 1 {
            six.sin6_family = sa_family_t(AF_INET6)
            six.sin6_port = port.bigEndian
            try self.init(family: AF_INET6, "[\(text)]:\(port)", &six)
        } else {
            throw .address(text)
        }
    }

    private init<Address>(family: CInt, _ name: String, _ address: inout Address) throws(HTTPServerError) {
        do throws(SystemError) {
            let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
            let number = socket(family, type, 0)
            if number < 0 { throw .last("make a socket for", name) }
            let made = Descriptor(owning: number)
            // A port whose last connections still linger is free for a server that starts again.
            var one: CInt = 1
            setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
            var length = socklen_t(MemoryLayout<Address>.size)
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(number, $0, length) }
            }
            if bound != 0 { throw .last("bind a socket to", name) }
            if listen(number, SOMAXCONN) != 0 { throw .last("listen on", name) }
            let asked = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
            }
            if asked != 0 { throw .last("read the address of", name) }
            descriptor = made
        } catch {
            throw .system(error)
        }
        // The port stands at the same place in both families.
        port = withUnsafeBytes(of: &address) { $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian }
    }
}
