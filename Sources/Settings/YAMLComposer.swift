/// Builds the value of a document from its events.
struct YAMLComposer: ~Copyable {
    private var events: YAMLEvents
    private let file: String

    init(_ bytes: [UInt8], file: String) {
        events = YAMLEvents(bytes)
        self.file = file
    }

    mutating func document() throws(SettingsError) -> YAMLNode {
        var first = try next(at: .root)
        while first.kind == .border { first = try next(at: .root) }
        guard first.kind == .documentStart else {
            throw SettingsError(
                file: file, line: nil, keyPath: "", found: "no settings in it", expected: "a YAML document")
        }
        let root = try node(next(at: .root), at: .root, depth: 0)
        var last = try next(at: .root)
        while last.kind == .border { last = try next(at: .root) }
        guard last.kind == .end else {
            throw error(last.line, .root, found: "a second document", expected: "one document in the file")
        }
        return root
    }

    private mutating func node(
        _ event: YAMLEvent,
        at path: SettingsPath,
        depth: Int
    ) throws(SettingsError) -> YAMLNode {
        try refuseReferences(event, at: path)
        if depth == YAML.maximumDepth, event.kind == .sequenceStart || event.kind == .mappingStart {
            let expected = "at most \(YAML.maximumDepth) lists and mappings inside one another"
            throw error(event.line, path, found: "deeper nesting", expected: expected)
        }
        switch event.kind {
        case .scalar(let text, let plain):
            // YAML's "\0" would cut a path or a name short when it reaches the kernel.
            guard !text.utf8.contains(0) else {
                throw error(event.line, path, found: "a NUL character", expected: "text without it")
            }
            return YAMLNode(.scalar(text: text, plain: plain), line: event.line)
        case .sequenceStart:
            return YAMLNode(.sequence(try elements(at: path, depth: depth)), line: event.line)
        case .mappingStart:
            return YAMLNode(.mapping(try members(at: path, depth: depth)), line: event.line)
        case .alias, .documentStart, .end, .sequenceEnd, .mappingEnd, .border:
            throw error(event.line, path, found: "no value", expected: "one")
        }
    }

    private mutating func elements(at path: SettingsPath, depth: Int) throws(SettingsError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let place = path.index(elements.count)
            let event = try next(at: place)
            if event.kind == .sequenceEnd { return elements }
            elements.append(try node(event, at: place, depth: depth + 1))
        }
    }

    private mutating func members(at path: SettingsPath, depth: Int) throws(SettingsError) -> [YAMLMember] {
        var members: [YAMLMember] = []
        var lines: [String: Int] = [:]
        while true {
            let event = try next(at: path)
            if event.kind == .mappingEnd { return members }
            let key = try key(event, at: path)
            let place = path.key(key)
            if let line = lines.updateValue(event.line, forKey: key) {
                let found = "this key again (it is on line \(line) already)"
                throw error(event.line, place, found: found, expected: "each key once")
            }
            let value = try node(next(at: place), at: place, depth: depth + 1)
            members.append(YAMLMember(key: key, line: event.line, value: value))
        }
    }

    private func key(_ event: YAMLEvent, at path: SettingsPath) throws(SettingsError) -> String {
        try refuseReferences(event, at: path)
        guard case .scalar(let text, let plain) = event.kind else {
            let found = event.kind == .sequenceStart ? "a list as a key" : "a mapping as a key"
            throw error(event.line, path, found: found, expected: "text")
        }
        guard !YAMLNode(.scalar(text: text, plain: plain), line: event.line).isNull, !text.isEmpty else {
            throw error(event.line, path, found: "an empty key", expected: "text")
        }
        guard !text.utf8.contains(0) else {
            throw error(event.line, path, found: "a NUL character in a key", expected: "text without it")
        }
        return text
    }

    private func refuseReferences(_ event: YAMLEvent, at path: SettingsPath) throws(SettingsError) {
        if event.kind == .alias {
            throw error(event.line, path, found: "an alias (*)", expected: "the value itself, written out")
        }
        if event.hasAnchor {
            throw error(event.line, path, found: "an anchor (&)", expected: "the value without it")
        }
        if let tag = event.tag {
            throw error(event.line, path, found: "the tag \(quoted(tag))", expected: "the value without it")
        }
    }

    private mutating func next(at path: SettingsPath) throws(SettingsError) -> YAMLEvent {
        do throws(YAMLSyntaxError) {
            return try events.next()
        } catch {
            throw self.error(error.line, path, found: error.found, expected: error.expected)
        }
    }

    private func error(_ line: Int, _ path: SettingsPath, found: String, expected: String) -> SettingsError {
        SettingsError(file: file, line: line, keyPath: path.text, found: found, expected: expected)
    }
}
