/// Why bytes are not a JSON document.
///
/// It never quotes the document, which may hold a secret.
public struct JSONError: Error, Sendable, Equatable {
    /// A place in a document.
    public struct Position: Sendable, Equatable {
        /// The line, counted from 1.
        public let line: Int
        /// The last character read on that line, counted from 1; 0 is the line's start.
        public let column: Int

        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }
    }

    /// Where reading stopped; nil when the fault is in the document as a whole.
    public let position: Position?
    /// What is wrong, mostly in jansson's words.
    public let reason: String

    public init(position: Position?, reason: String) {
        self.position = position
        self.reason = reason
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        guard let position else { return "invalid JSON: \(reason)" }
        return "invalid JSON at line \(position.line), column \(position.column): \(reason)"
    }
}
