internal import CSI
internal import Glibc
internal import TestSupport
internal import Testing

/// Bytes that are nearly messages. Whatever they are, decoding ends, in a message or in a sentence; what was decoded can
/// be encoded, and comes back the same.
@Suite("Mutated messages")
struct CodecFuzzTests {
    /// The same inputs come again with `HOLDFAST_FUZZ_SEED`; `HOLDFAST_FUZZ_CODEC_INPUTS` is how many.
    private static let seed = environmentNumber("HOLDFAST_FUZZ_SEED").map(UInt64.init) ?? UInt64.random(in: 0..<1 << 32)
    private static let inputs = environmentNumber("HOLDFAST_FUZZ_CODEC_INPUTS") ?? 40_000
    private static let workers = 2

    @Test("are decoded or refused")
    func mutated() async {
        let samples = Samples.all + Samples.allWithoutFields
        let encodings = samples.map { $0.message.wireBytes() }
        print("fuzz: codec seed \(Self.seed) inputs \(Self.inputs)")
        let decoded = await withTaskGroup(of: Int.self) { group in
            for worker in 0..<Self.workers {
                group.addTask {
                    var decoded = 0
                    for index in stride(from: worker, to: Self.inputs, by: Self.workers) {
                        if Self.tryOne(index, samples, encodings) { decoded += 1 }
                    }
                    return decoded
                }
            }
            return await group.reduce(0, +)
        }
        // Neither everything nor nothing: otherwise the mutations were too wild or too tame.
        #expect(
            (Self.inputs / 10..<Self.inputs * 9 / 10).contains(decoded), "\(decoded) of \(Self.inputs) were decoded")
        print("fuzz: codec done, \(decoded) of \(Self.inputs) inputs were messages")
    }

    /// Whether the input was a message.
    private static func tryOne(_ index: Int, _ samples: [Sample], _ encodings: [[UInt8]]) -> Bool {
        var mutator = WireMutator(
            generator: SeededGenerator(seed: seed, index: index), texts: texts, largeEvery: 2_000)
        let number = mutator.generator.below(samples.count)
        let input = mutator.mutated(encodings[number], other: mutator.generator.element(encodings))
        let message: any WireMessage
        do {
            message = try samples[number].decoded(input)
        } catch {
            let sentence = "\(error)"
            if !(error is WireError) || sentence.utf8.count > 300 {
                Issue.record("\(samples[number].fullName), seed \(seed), input \(index): \(sentence)")
            }
            return false
        }
        let again = try? samples[number].decoded(message.wireBytes())
        if again.map({ same(message, $0) }) != true {
            Issue.record(
                "\(samples[number].fullName), seed \(seed), input \(index), does not come back: \([UInt8](input.prefix(2_000)).hex)"
            )
        }
        return true
    }

    private static func same(_ one: some WireMessage, _ other: any WireMessage) -> Bool {
        func equals<Message: WireMessage>(_ one: Message) -> Bool { one == other as? Message }
        return equals(one)
    }

    private static let texts: [[UInt8]] = ["", "name", "volume_id", "true", "ext4", "\u{fffd}", "Größe"].map {
        Array($0.utf8)
    }
}
