internal import CSI
internal import Pools
internal import RPC
internal import Volumes

extension Plugin {
    /// A snapshot as CSI tells of it. It is told of only when its copy is complete.
    func wireSnapshot(_ record: SnapshotRecord) -> CSI.Snapshot {
        CSI.Snapshot(
            sizeBytes: record.size, snapshotID: record.id.text, sourceVolumeID: record.source.text,
            creationTime: wireTime(record.created), readyToUse: true, groupSnapshotID: record.group?.text ?? "")
    }

    func wireGroup(_ group: SnapshotGroup) -> VolumeGroupSnapshot {
        VolumeGroupSnapshot(
            groupSnapshotID: group.record.id.text, snapshots: group.snapshots.map { wireSnapshot($0.record) },
            creationTime: wireTime(group.record.created), readyToUse: true)
    }

    func wireCondition(_ condition: Volumes.VolumeCondition) -> CSI.VolumeCondition {
        CSI.VolumeCondition(abnormal: condition.isAbnormal, message: condition.message)
    }

    /// Ends a copy when its client takes the call back. One whose client only stopped waiting goes on: the client asks
    /// again, and a copy that began anew each time would never end.
    func copyControl(_ context: CallContext) -> CopyControl {
        let control = CopyControl()
        let deadline = context.deadline
        context.onCancel {
            if let deadline, deadline.age >= -Self.deadlineSlack { return }
            control.cancel("the client has cancelled the call")
        }
        return control
    }

    /// Seconds before its deadline in which a call that ends counts as one that ran into it: clocks of two processes.
    private static let deadlineSlack = 0.25
}

/// From nanoseconds since 1970.
func wireTime(_ nanoseconds: Int64) -> Timestamp {
    Timestamp(seconds: nanoseconds / 1_000_000_000, nanos: Int32(nanoseconds % 1_000_000_000))
}
