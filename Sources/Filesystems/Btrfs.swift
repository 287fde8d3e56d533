internal import Devices

/// btrfs, by btrfs-progs.
struct Btrfs: Filesystem {
    let name = "btrfs"

    /// What mkfs.btrfs names as the least in its refusal of a smaller device, with duplicated metadata.
    let minimumSize: Int64 = 114_294_784

    let refusedMountOptions = [
        "device": "it names another device",
        "fatal_errors=panic": "one volume's error must not stop the host",
    ]

    func format(_ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool) throws(FilesystemError) {
        let device = blank.path
        // The remains of a mkfs that was cut off have the same UUID, and a second filesystem of one UUID is refused.
        if !blank.isZeroed {
            try runFormat("wipefs", ["-q", "-a", "-t", "btrfs", device], device: device)
        }
        // It looks at every mounted loop device first, and gives up when one of them goes meanwhile (btrfs-progs 6.2).
        try runFormat(
            "mkfs.btrfs", ["-q", "-f", "-K", "-U", "\(uuid)", device], device: device,
            passing: "cannot check mount status")
    }

    /// Mounting verifies checksums as it reads. `btrfs check --repair` is never run by a program.
    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome { .notRun }
}
