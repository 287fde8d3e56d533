internal import Devices
internal import Glibc
internal import Syscalls
internal import TestSupport

extension TemporaryFolder {
    /// Attaches an image of the folder, as volumes are.
    func attach(_ name: String, label: String = "holdfast-test", discards: Bool = true) throws -> LoopDevice {
        let image = try Files.open(at(name), O_RDWR)
        return try LoopDevice.attach(image, label: label, discards: discards)
    }

    /// Attaches the image, examines the device, detaches it, and says what was found in a few words.
    func examine(_ name: String, remains: UUID? = nil) throws -> String {
        let device = try attach(name).device()
        return words(for: try Examination.examine(device, remains: remains))
    }
}

/// `blank, zeroed`, `filesystem ext4`, `swap swap`, `ambiguous: filesystem ext4, swap swap`.
func words(for finding: consuming Finding) -> String {
    switch consume finding {
    case .blank(let proof): proof.isZeroed ? "blank, zeroed" : "blank"
    case .filesystem(let signature): words(for: signature)
    case .foreign(let signature): words(for: signature)
    case .ambiguous(let signatures): "ambiguous: " + signatures.map { words(for: $0) }.sorted().joined(separator: ", ")
    }
}

private func words(for signature: Signature) -> String { "\(signature.kind.rawValue) \(signature.type)" }
