internal import CSI
internal import RPC
internal import Testing

/// A requested name and whether it may be one.
struct NameRow: Sendable, CustomTestStringConvertible {
    let label: String
    let name: String

    init(_ label: String, _ name: String) {
        self.label = label
        self.name = name
    }

    var testDescription: String { label }

    static let good: [NameRow] = [
        NameRow("a path upwards", "../x"),
        NameRow("an absolute path", "/etc/passwd"),
        NameRow("dot dot", ".."),
        NameRow("newline", "a\nb"),
        NameRow("tab", "a\tb"),
        NameRow("carriage return", "a\rb"),
        NameRow("space", " "),
        NameRow("128 characters", String(repeating: "n", count: 128)),
        NameRow("128 characters of three bytes", String(repeating: "名", count: 128)),
        NameRow("quotes and backslash", "\"'\\"),
        NameRow("looks like an id", "hf-0000000000000000000000000000000000000000"),
        NameRow("emoji", "💾 ünï"),
    ]

    static let bad: [NameRow] = [
        NameRow("bell", "a\u{7}"),
        NameRow("escape", "\u{1b}[2J"),
        NameRow("delete", "a\u{7f}"),
        NameRow("a control of the second set", "a\u{85}"),
        NameRow("129 characters", String(repeating: "n", count: 129)),
    ]
}

/// Something else asked for under a name that is taken.
struct SameName: Sendable, CustomTestStringConvertible {
    let label: String
    let capability: VolumeCapability
    let range: CapacityRange
    let parameters: [String: String]
    /// A word of the refusal; nil where the existing volume will do.
    let word: String?

    init(
        _ label: String, _ capability: VolumeCapability = .mount("ext4"), required: Int64 = 64 * mebibyte,
        limit: Int64 = 0, _ parameters: [String: String] = ["singleWriter": "pod"], refusedFor word: String? = nil
    ) {
        self.label = label
        self.capability = capability
        range = CapacityRange(requiredBytes: required, limitBytes: limit)
        self.parameters = parameters
        self.word = word
    }

    var testDescription: String { label }

    static let all: [SameName] = [
        SameName("the same"),
        SameName("a smaller requirement", required: mebibyte),
        SameName("no requirement", required: 0),
        SameName("a limit that it keeps", required: 0, limit: 64 * mebibyte),
        SameName("another access mode", .mount("ext4", .singleNodeReaderOnly)),
        SameName("the default filesystem, unstated", .mount()),
        SameName("a larger requirement", required: 65 * mebibyte, refusedFor: "67108864"),
        SameName("a limit below it", required: 0, limit: 63 * mebibyte, refusedFor: "67108864"),
        SameName("other parameters", ["singleWriter": "node"], refusedFor: "singleWriter"),
        SameName("no parameters", [:], refusedFor: "singleWriter"),
        SameName("another filesystem", .mount("btrfs"), refusedFor: "ext4"),
        SameName("raw block", .block(), refusedFor: "block"),
    ]

    private init(_ label: String, _ parameters: [String: String], refusedFor word: String) {
        self.init(label, .mount("ext4"), required: 64 * mebibyte, limit: 0, parameters, refusedFor: word)
    }
}

@Suite("The name of a volume", .needsRoot)
struct CreateNameTests {
    @Test("any name without control characters makes a volume that can be used", arguments: NameRow.good)
    func goodName(row: NameRow) async throws {
        try await withNode { node in
            let volume = try await node.create(row.name, size: 8 * mebibyte)
            let again = try await node.create(row.name, size: 8 * mebibyte)
            #expect(again.id == volume.id)
            #expect(volume.context["holdfast.dev/name"] == row.name)
            #expect(node.poolFiles() == ["\(volume.id).image", "\(volume.id).record"])
            try await node.stage(volume)
            // The name survives in the record.
            try await node.restart()
            let found = try await node.call(CSIMethod.controllerGetVolume, .init(volumeID: volume.id)).volume
            #expect(found?.volumeContext == volume.context)
        }
    }

    @Test("control characters and more than 128 characters are refused", arguments: NameRow.bad)
    func badName(row: NameRow) async throws {
        try await withNode { node in
            await refused(.invalidArgument, "name") { try await node.create(row.name) }
            #expect(node.poolFiles() == [])
        }
    }

    /// No client of ours can send it: it has to be put into the encoded request.
    @Test("a NUL in a name is refused and does not cut the name short")
    func nul() async throws {
        try await withNode { node in
            let request = CreateVolumeRequest(name: "a#b", volumeCapabilities: [.mount()])
            let bytes = request.wireBytes().map { $0 == UInt8(ascii: "#") ? 0 : $0 }
            let client = RPCClient(socket: node.socket)
            defer { client.close() }
            await refused(.invalidArgument) {
                try await client.unary(CSIMethod.createVolume.path, bytes, timeout: 30)
            }
            #expect(node.poolFiles() == [])
        }
    }

    @Test("a name that is taken", arguments: SameName.all)
    func sameName(row: SameName) async throws {
        try await withNode { node in
            let first = try await node.create(
                "taken", .mount("ext4"), size: 64 * mebibyte, parameters: ["singleWriter": "pod"])
            let request = CreateVolumeRequest(
                name: "taken", capacityRange: row.range, volumeCapabilities: [row.capability],
                parameters: row.parameters)
            if let word = row.word {
                await refused(.alreadyExists, "taken", word) { try await node.create(request) }
            } else {
                let second = try await node.create(request)
                #expect(second.id == first.id && second.size == first.size)
            }
        }
    }
}
