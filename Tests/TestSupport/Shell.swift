internal import Glibc

/// A command that did not end with 0.
public struct ShellError: Error, CustomStringConvertible {
    public let command: String
    public let status: Int32
    public let output: String

    public var description: String { "'\(command)' ended with \(status): \(output)" }
}

/// Runs a command by /bin/sh and returns what it wrote. It has to succeed.
///
/// It shares nothing with the code under test: the kernel's tools are the tests' second opinion.
@discardableResult
public func sh(_ command: String) throws -> String {
    let (status, output) = outcome(of: command)
    guard status == 0 else { throw ShellError(command: command, status: status, output: output) }
    return output
}

/// Runs a command by /bin/sh and returns its exit status, or 128 and the signal, and what it wrote without the last
/// newline.
public func outcome(of command: String) -> (status: Int32, output: String) {
    let whole = "exec 2>&1 </dev/null; export LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin; \(command)"
    // 'e' is close-on-exec: the tools of other tests, which run at the same time, must not get this pipe.
    guard let stream = popen(whole, "re") else { return (-1, "popen: \(String(cString: strerror(errno)))") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while true {
        let count = fread(&chunk, 1, chunk.count, stream)
        if count == 0 { break }
        bytes.append(contentsOf: chunk[..<count])
    }
    let raw = pclose(stream)
    let signal = raw & 0x7f
    while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    return (signal == 0 ? (raw >> 8) & 0xff : 128 + signal, String(decoding: bytes, as: UTF8.self))
}
