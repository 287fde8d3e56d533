internal import CSI
internal import Testing

@Suite("Every message")
struct RoundTripTests {
    @Test("has all its fields set in the sample", arguments: Samples.all)
    func isFilled(sample: Sample) {
        #expect(sample.unset == [])
    }

    @Test("comes back as it went out", arguments: Samples.all + Samples.allWithoutFields)
    func roundTrip(sample: Sample) throws {
        #expect(sample.equals(try sample.decoded(sample.message.wireBytes())))
    }

    @Test("is encoded as protoc encodes it", arguments: Samples.all)
    func encodedAsByProtoc(sample: Sample) throws {
        let expected = try #require(ProtocEncodings.of(sample))
        #expect(sample.message.wireBytes().hex == expected)
    }

    @Test("is decoded from what protoc encodes", arguments: Samples.all)
    func decodedFromProtoc(sample: Sample) throws {
        let bytes = [UInt8](hex: try #require(ProtocEncodings.of(sample)))
        #expect(sample.equals(try sample.decoded(bytes)))
    }

    @Test("takes no bytes when nothing is set, and the other way round", arguments: Samples.all)
    func blank(sample: Sample) throws {
        let blank = try sample.decoded([])
        #expect(sample.blankEquals(blank))
        #expect(blank.wireBytes() == [])
    }

    @Test("is either decoded or refused when it is cut short", arguments: Samples.all)
    func truncated(sample: Sample) throws {
        let bytes = sample.message.wireBytes()
        for length in 0..<bytes.count {
            do {
                #expect(!sample.equals(try sample.decoded([UInt8](bytes.prefix(length)))))
            } catch let error as WireError {
                #expect(error.message == sample.fullName)
            }
        }
    }

    @Test("is either decoded or refused when a byte is another", arguments: Samples.all)
    func corrupted(sample: Sample) throws {
        let bytes = sample.message.wireBytes()
        for index in bytes.indices {
            for flip: UInt8 in [0x01, 0x02, 0x04, 0x08, 0x40, 0x80, 0xff] {
                var corrupted = bytes
                corrupted[index] ^= flip
                do {
                    _ = try sample.decoded(corrupted).wireBytes()
                } catch let error as WireError {
                    #expect(error.message == sample.fullName)
                }
            }
        }
    }
}

@Suite("A oneof")
struct OneofTests {
    @Test(
        "keeps its choice",
        arguments: [
            (VolumeCapability(access: .block), "0a00"),
            (VolumeCapability(access: .mount(.init())), "1200"),
            (VolumeCapability(access: .mount(.init(fsType: "xfs"))), "12050a03786673"),
            (VolumeCapability(access: nil, accessMode: .unknown), "1a00"),
            (VolumeCapability(accessMode: .singleNodeWriter), "1a020801"),
        ])
    func capability(capability: VolumeCapability, hex: String) throws {
        #expect(capability.wireBytes().hex == hex)
        #expect(try VolumeCapability(wire: [UInt8](hex: hex)) == capability)
    }

    @Test(
        "keeps its choice",
        arguments: [
            (VolumeContentSource(.snapshot(id: "s")), "0a030a0173"),
            (VolumeContentSource(.volume(id: "v")), "12030a0176"),
            (VolumeContentSource(.volume(id: "")), "1200"),
        ])
    func contentSource(source: VolumeContentSource, hex: String) throws {
        #expect(source.wireBytes().hex == hex)
        #expect(try VolumeContentSource(wire: [UInt8](hex: hex)) == source)
    }

    @Test(
        "keeps its choice",
        arguments: [
            (PluginCapability(.service(.volumeAccessibilityConstraints)), "0a020802"),
            (PluginCapability(.volumeExpansion(.offline)), "12020802"),
            (PluginCapability(.volumeExpansion(.unknown)), "1200"),
        ])
    func offer(capability: PluginCapability, hex: String) throws {
        #expect(capability.wireBytes().hex == hex)
        #expect(try PluginCapability(wire: [UInt8](hex: hex)) == capability)
    }

    @Test("takes the last of several")
    func last() throws {
        #expect(try VolumeCapability(wire: [UInt8](hex: "0a0012020a00")) == VolumeCapability(access: .mount(.init())))
    }
}

@Suite("An absent field")
struct PresenceTests {
    @Test("is told from one that is present and empty")
    func wrappers() throws {
        #expect(try ProbeResponse(wire: []).ready == nil)
        #expect(try ProbeResponse(wire: [UInt8](hex: "0a00")).ready == false)
        #expect(ProbeResponse(ready: false).wireBytes().hex == "0a00")
        #expect(try GetCapacityResponse(wire: [UInt8](hex: "1200")).maximumVolumeSize == 0)
        #expect(try CreateVolumeRequest(wire: [UInt8](hex: "1200")).capacityRange == CapacityRange())
        #expect(try CreateVolumeRequest(wire: []).capacityRange == nil)
    }
}
