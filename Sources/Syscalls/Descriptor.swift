public import Glibc

/// An open file descriptor, closed when it goes out of scope. Every descriptor of the project is close-on-exec.
public struct Descriptor: ~Copyable, Sendable {
    /// The number that system calls take. It is valid only while this value lives.
    public let number: CInt

    /// Takes ownership of an open descriptor.
    public init(owning number: CInt) {
        precondition(number >= 0, "a descriptor is never negative")
        self.number = number
    }

    deinit { _ = Glibc.close(number) }

    /// Gives up ownership: the caller closes the number, or hands it to somebody who does.
    public consuming func release() -> CInt {
        let number = self.number
        discard self
        return number
    }

    /// Closes now and reports what close(2) said; EIO here means that data was lost.
    public consuming func close(_ object: String) throws(SystemError) {
        let number = release()
        if Glibc.close(number) != 0 && errno != EINTR { throw .last("close", object) }
    }
}

/// A descriptor that several hold: it is closed when the last of them lets go.
public final class OpenFile: Sendable {
    public let descriptor: Descriptor

    public init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// Repeats a system call while a signal interrupts it (EINTR).
@inlinable
public func uninterrupted<Value: SignedInteger>(_ call: () -> Value) -> Value {
    while true {
        let value = call()
        if value != -1 || errno != EINTR { return value }
    }
}
