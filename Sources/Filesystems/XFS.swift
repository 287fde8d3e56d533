internal import Devices

/// XFS, by xfsprogs.
struct XFS: Filesystem {
    let name = "xfs"

    /// mkfs.xfs refuses less since version 5.19.
    let minimumSize: Int64 = 300 << 20

    let refusedMountOptions = [
        "logdev": "it names another device",
        "rtdev": "it names another device",
    ]

    func format(_ blank: consuming BlankDevice, uuid: UUID, onZeros: Bool) throws(FilesystemError) {
        let device = blank.path
        try runFormat("mkfs.xfs", ["-q", "-f", "-K", "-m", "uuid=\(uuid)", device], device: device)
    }

    /// Mounting replays the log, which is the check. xfs_repair before that would throw the log's changes away, and
    /// is therefore the operator's word, never ours.
    func check(_ device: String, _ mode: CheckMode) throws(FilesystemError) -> CheckOutcome { .notRun }
}
