internal import CYAML

/// One step through a YAML document.
struct YAMLEvent {
    enum Kind: Equatable {
        case documentStart
        case end
        case scalar(text: String, plain: Bool)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
        case alias
        /// The borders of stream and document that tell a reader nothing.
        case border
    }

    let kind: Kind
    let line: Int
    let hasAnchor: Bool
    let tag: String?
}

/// Why libyaml cannot go on.
struct YAMLSyntaxError: Error {
    let line: Int
    let found: String
    let expected: String
}

/// libyaml's parser with the bytes that it reads.
struct YAMLEvents: ~Copyable {
    // On the heap, because libyaml keeps pointers to its parser and to the text.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        text = .allocate(capacity: bytes.count)
        _ = text.initialize(from: bytes)
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        guard yaml_parser_initialize(parser) == 1 else { fatalError("out of memory for a YAML parser") }
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
        // Otherwise libyaml accepts UTF-16 too, when the text begins with its byte order mark.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        text.deallocate()
    }

    mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&event) }
        return YAMLEvent(event)
    }

    private func syntaxError() -> YAMLSyntaxError {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "a fault without a name"
        if state.error == YAML_READER_ERROR {
            // The reader runs ahead of the scanner and knows an offset only.
            let line = 1 + text.prefix(state.problem_offset).count { $0 == UInt8(ascii: "\n") }
            return YAMLSyntaxError(line: line, found: "unreadable text (\(problem))", expected: "YAML in UTF-8")
        }
        let line = state.problem_mark.line + 1
        if character(line: state.problem_mark.line, column: state.problem_mark.column) == "\t" {
            return YAMLSyntaxError(line: line, found: "a tab", expected: "spaces, the only indentation of YAML")
        }
        let context = state.context.map { " " + String(cString: $0) } ?? ""
        return YAMLSyntaxError(line: line, found: "a fault (\(problem)\(context))", expected: "valid YAML")
    }

    /// The character at a place that libyaml names; both are counted from 0.
    private func character(line: Int, column: Int) -> Unicode.Scalar? {
        let newline = UInt8(ascii: "\n")
        let lines = text.split(separator: newline, maxSplits: line + 1, omittingEmptySubsequences: false)
        guard line < lines.count else { return nil }
        return String(decoding: lines[line], as: UTF8.self).unicodeScalars.dropFirst(column).first
    }
}

extension YAMLEvent {
    /// The event without libyaml's memory.
    fileprivate init(_ event: yaml_event_t) {
        line = event.start_mark.line + 1
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let plain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            kind = .scalar(text: String(decoding: bytes, as: UTF8.self), plain: plain)
            (hasAnchor, tag) = (scalar.anchor != nil, scalar.tag.map { String(cString: $0) })
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            kind = .sequenceStart
            (hasAnchor, tag) = (start.anchor != nil, start.tag.map { String(cString: $0) })
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            kind = .mappingStart
            (hasAnchor, tag) = (start.anchor != nil, start.tag.map { String(cString: $0) })
        default:
            kind =
                switch event.type {
                case YAML_DOCUMENT_START_EVENT: .documentStart
                case YAML_SEQUENCE_END_EVENT: .sequenceEnd
                case YAML_MAPPING_END_EVENT: .mappingEnd
                case YAML_ALIAS_EVENT: .alias
                case YAML_STREAM_END_EVENT: .end
                default: .border
                }
            (hasAnchor, tag) = (false, nil)
        }
    }
}
