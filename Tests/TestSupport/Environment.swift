internal import Glibc

/// The number in an environment variable; nil when it is not set. Anything else in it ends the process: a longer run that
/// was asked for must not quietly be a short one.
public func environmentNumber(_ name: String) -> Int? {
    guard let text = getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
    guard let number = Int(text), number >= 0 else { fatalError("\(name) is no number: '\(text)'") }
    return number
}
