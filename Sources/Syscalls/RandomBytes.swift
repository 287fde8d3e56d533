internal import CLinux
internal import Glibc

/// Bytes from the kernel's random source (getrandom(2)); it does not fail once the host has booted.
public func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
        let start = done
        let got = bytes.withUnsafeMutableBytes { room in
            uninterrupted { holdfast_random(room.baseAddress! + start, count - start) }
        }
        precondition(got > 0, "getrandom(2) failed: \(errno)")
        done += Int(got)
    }
    return bytes
}

extension Sequence<UInt8> {
    /// Lower-case hexadecimal, two digits a byte.
    public var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(underestimatedCount * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
