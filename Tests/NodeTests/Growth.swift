internal import CSI
internal import Testing

/// A filesystem, and a volume's size before and after it has grown.
struct Growth: Sendable, CustomTestStringConvertible {
    let type: String
    let before: Int64
    let after: Int64
    var provisioning = "thin"

    var testDescription: String { "\(type), \(provisioning)" }
    var capability: VolumeCapability { .mount(type) }
    var parameters: [String: String] { ["provisioning": provisioning] }

    static let ext4 = Growth(type: "ext4", before: 16 * mebibyte, after: 48 * mebibyte)
    static let xfs = Growth(type: "xfs", before: 300 * mebibyte, after: 400 * mebibyte)
    static let btrfs = Growth(type: "btrfs", before: 128 * mebibyte, after: 256 * mebibyte)
    static let filesystems = [ext4, xfs, btrfs]
    static let all = filesystems.flatMap {
        [$0, Growth(type: $0.type, before: $0.before, after: $0.after, provisioning: "thick")]
    }
    static let allExt4 = all.filter { $0.type == "ext4" }
    /// Those that any root may have the kernel grow while they are mounted.
    static let allButExt4 = all.filter { $0.type != "ext4" }
}

extension NodeUnderTest {
    /// Expects image, device and filesystem of a volume that is mounted at `name` to have one size.
    func expectGrown(
        _ volume: TestVolume, _ growth: Growth, at name: String, location: SourceLocation = #_sourceLocation
    ) async throws {
        let image = image(of: volume)
        #expect(try fileSize(image) == growth.after, sourceLocation: location)
        let device = try #require(loopDevice(of: image), sourceLocation: location)
        #expect(try await deviceSize(device) == growth.after, sourceLocation: location)
        let size = try await filesystemSize(growth.type, at: path(name), on: device)
        #expect(size == growth.after, "the \(growth.type) has not followed", sourceLocation: location)
        // What statfs(2) counts is less by journals and tables, of which there is never as much as the volume grows.
        #expect(try statfsSize(path(name)) > growth.before, sourceLocation: location)
        let total = try await stats(volume, at: name).first { $0.unit == .bytes }?.total ?? 0
        #expect(total > growth.before, sourceLocation: location)
        if growth.provisioning == "thick" {
            #expect(try NodeTests.allocated(image) >= growth.after, "it is not allocated", sourceLocation: location)
        }
        #expect(try await !isGrowing(volume), "its record has not followed", sourceLocation: location)
    }
}
