internal import CSI
internal import Testing

@Suite("What a newer or an unusual peer sends")
struct ToleranceTests {
    @Test(
        "is decoded without the fields that are not known",
        arguments: [
            ("varint", "784d"), ("64 bits", "79 0102030405060708"), ("bytes", "7a02ff00"), ("32 bits", "7d01020304"),
            ("a high number", "faffffff0f00"),
        ])
    func unknownFields(type: String, hex: String) throws {
        let unknown = [UInt8](hex: hex.filter { $0 != " " })
        let message = Samples.nodePublishVolumeRequest
        #expect(try NodePublishVolumeRequest(wire: unknown + message.wireBytes() + unknown) == message)
        #expect(try ProbeRequest(wire: unknown) == ProbeRequest())
        let capability: [UInt8] = .field(1, []) + unknown
        #expect(
            try NodeStageVolumeRequest(wire: .field(4, capability))
                == NodeStageVolumeRequest(volumeCapability: VolumeCapability(access: .block)))
    }

    @Test("may hold enum numbers without a name, which are kept", arguments: [8, 99, Int32.max, -1, Int32.min])
    func unknownEnumNumber(number: Int32) throws {
        let capability = VolumeCapability(accessMode: .unrecognized(number))
        let decoded = try VolumeCapability(wire: capability.wireBytes())
        #expect(decoded == capability)
        #expect("\(try #require(decoded.accessMode))" == "unrecognized \(number)")
    }

    @Test("may say a field twice: the last time counts")
    func lastWins() throws {
        let bytes: [UInt8] = .field(1, "first") + .field(1, "last")
        #expect(try DeleteVolumeRequest(wire: bytes).volumeID == "last")
    }

    @Test("may hold a map's key twice: the last value counts")
    func lastEntryWins() throws {
        let bytes: [UInt8] =
            .field(1, .field(1, "zone") + .field(2, "a")) + .field(1, .field(1, "zone") + .field(2, "b"))
        #expect(try Topology(wire: bytes) == Topology(segments: ["zone": "b"]))
    }

    @Test("may leave a map entry's key or value out, or put the value first")
    func partialEntries() throws {
        let bytes: [UInt8] =
            .field(1, .field(1, "key")) + .field(1, .field(2, "value")) + .field(1, .field(2, "2") + .field(1, "1"))
        #expect(try Topology(wire: bytes).segments == ["key": "", "": "value", "1": "2"])
    }

    @Test("may be in any script")
    func scripts() throws {
        let message = CreateVolumeRequest(name: "Größe 体積 🧊\n\t", parameters: ["ключ": "value", "": ""])
        #expect(try CreateVolumeRequest(wire: message.wireBytes()) == message)
    }

    @Test("may be large")
    func large() throws {
        let segments = Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("key \($0)", "value \($0)") })
        let topology = Topology(segments: segments)
        #expect(try Topology(wire: topology.wireBytes()) == topology)
        let volume = Volume(volumeID: String(repeating: "v", count: 1 << 20), accessibleTopology: [topology, .init()])
        let volumes = ListVolumesResponse(entries: (0..<3).map { _ in .init(volume: volume) })
        #expect(try ListVolumesResponse(wire: volumes.wireBytes()) == volumes)
    }

    @Test("is sent integers at their bounds", arguments: [Int64.min, -1, 0, 1, Int64.max])
    func integers(number: Int64) throws {
        let range = CapacityRange(requiredBytes: number, limitBytes: number)
        #expect(try CapacityRange(wire: range.wireBytes()) == range)
        let list = ListVolumesRequest(maxEntries: Int32(clamping: number))
        #expect(try ListVolumesRequest(wire: list.wireBytes()) == list)
    }

    @Test("is sent U+FFFD for NUL, and nothing is cut off")
    func outgoingNUL() throws {
        let message = VolumeCondition(message: "before\0after\0\u{301}")
        #expect(try VolumeCondition(wire: message.wireBytes()).message == "before\u{FFFD}after\u{FFFD}\u{301}")
    }
}
