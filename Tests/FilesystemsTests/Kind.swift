internal import Devices
internal import Filesystems
internal import Glibc
internal import Syscalls
internal import TestSupport
internal import Testing

/// One kind of filesystem as the tests know it. A new kind is a row here.
struct Kind: Sendable, CustomTestStringConvertible {
    let name: String
    /// A size in bytes at which its tool gives up.
    let tooSmall: Int64
    /// Whether a check runs a tool, and does not leave it to the mount.
    let hasCheck: Bool
    /// Options that a client may not mount with.
    let refused: [String]
    var testDescription: String { name }

    static let all = [
        Kind(
            name: "ext4", tooSmall: 32 << 10, hasCheck: true,
            refused: [
                "journal_dev=0x700", "journal_dev", "journal_path=/etc/passwd", "journal_path=", "errors=panic",
            ]),
        Kind(
            name: "xfs", tooSmall: (300 << 20) - 4_096, hasCheck: false,
            refused: ["logdev=/dev/loop0", "rtdev=/dev/loop0", "logdev"]),
        Kind(
            name: "btrfs", tooSmall: 114_294_784 - 4_096, hasCheck: false,
            refused: ["device=/dev/loop0", "device", "fatal_errors=panic"]),
    ]

    var filesystem: any Filesystem {
        get throws { try #require(Filesystems.named(name)) }
    }
}

extension TemporaryFolder {
    /// Attaches an image of the folder, as volumes are.
    func attach(_ name: String) throws -> BlockDevice {
        let image = try Files.open(at(name), O_RDWR)
        return try LoopDevice.attach(image, label: "holdfast-test", discards: true).device()
    }

    /// Examines the image, formats it, and returns the UUID that it was given.
    @discardableResult
    func format(_ name: String, as kind: Kind, remains: UUID? = nil) throws -> UUID {
        let device = try attach(name)
        let uuid = try format(device, as: kind, remains: remains)
        try device.sync()
        return uuid
    }

    /// Examines the device, lets something happen, and formats it.
    @discardableResult
    func format(
        _ device: borrowing BlockDevice, as kind: Kind, remains: UUID? = nil, after event: () throws -> Void = {}
    ) throws -> UUID {
        let uuid = remains ?? UUID.random()
        switch try Examination.examine(device, remains: remains) {
        case .blank(let proof):
            try event()
            try kind.filesystem.format(proof, uuid: uuid)
        default: Issue.record("the image is not blank")
        }
        return uuid
    }

    /// The one filesystem on the image; nil where there is anything else.
    func signature(_ name: String) throws -> Signature? {
        let device = try attach(name)
        switch try Examination.examine(device) {
        case .filesystem(let signature): return signature
        default: return nil
        }
    }

    /// Checks the filesystem on the image.
    func check(_ name: String, as kind: Kind, _ mode: CheckMode) throws -> CheckOutcome {
        let device = try attach(name)
        return try Filesystems.check(try kind.filesystem, on: device.path, mode)
    }
}
