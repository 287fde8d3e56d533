internal import Diagnostics
internal import Glibc

/// Makes a change that outlives this process: of a file, a mount, a device. `call` is the system call alone, whose negative
/// answer is a failure told by `errno`; `step` and `object` name it for the fault points before and after it.
///
/// Every call of the kernel that changes something is made in here; `scripts/check` refuses one that is not.
public func durable<Answer: SignedInteger>(_ step: String, _ object: String, _ call: () -> Answer) -> Answer {
    guard FaultPoints.isOn else { return call() }
    if let code = FaultPoints.pass(.before, step, object) {
        errno = code
        return -1
    }
    let answer = call()
    let code = errno
    _ = FaultPoints.pass(.after, step, object)
    errno = code
    return answer
}

/// Opens a file, which is made where it is not there.
func durableOpen(_ name: String, _ flags: CInt, _ call: () -> CInt) -> CInt {
    flags & O_CREAT == 0 ? call() : durable("make", name, call)
}
