internal import CJansson

/// One counted reference to a jansson value, given back when the handle goes.
struct JSONHandle: ~Copyable {
    private let pointer: UnsafeMutablePointer<json_t>

    /// Takes over a reference that jansson has just made.
    ///
    /// jansson returns NULL here only when memory is short, where Swift's own containers trap as well.
    init(_ made: UnsafeMutablePointer<json_t>?) {
        guard let made else { fatalError("out of memory for a JSON value") }
        pointer = made
    }

    deinit { json_decref(pointer) }

    /// Lends the value. There is no other way to it, so that a pointer does not outlive the last use of its handle.
    borrowing func withPointer<Result, Failure: Error>(
        _ body: (UnsafeMutablePointer<json_t>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(pointer)
    }

    /// Gives the reference up to a jansson function that steals it; such functions drop it when they fail.
    consuming func release() -> UnsafeMutablePointer<json_t> {
        let pointer = pointer
        discard self
        return pointer
    }
}
