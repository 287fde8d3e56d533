internal import Pools

extension Storage {
    /// Notes that a volume may be used on a node. The device itself is attached when it is staged: with
    /// `attachRequired: false` nobody calls this at all.
    public func attach(
        _ text: String, to node: String, access: RequestedAccess, mode: AccessMode, readOnly: Bool
    ) throws(VolumeError) -> Volume {
        let claim = try claims.take("volume \(text)", for: "ControllerPublishVolume")
        let volume = try find(text)
        guard node == nodeID else { throw .noSuchNode(asked: node, here: nodeID) }
        try volume.requireAccess(access)
        let attachment = Attachment(node: node, isReadOnly: readOnly, mode: mode.rawValue)
        if let existing = volume.record.attachments.first(where: { $0.node == node }) {
            guard existing != attachment else { return volume }
            throw .differs(
                what: "an attachment of volume \(volume.id) to node '\(node)'",
                difference: "it is \(existing.words), not \(attachment.words)")
        }
        claim.step("recording the attachment")
        var record = volume.record
        record.attachments.append(attachment)
        try withAttachmentPlace(for: volume) { () throws(VolumeError) in try update(record, in: volume.pool) }
        return Volume(record: record, pool: volume.pool)
    }

    /// Forgets an attachment. Unknown volumes, and volumes that are not attached, are detached already. An empty `node`
    /// stands for every node (CSI, ControllerUnpublishVolume).
    public func detach(_ text: String, from node: String) throws(VolumeError) {
        guard VolumeID(text) != nil else { return }
        let claim = try claims.take("volume \(text)", for: "ControllerUnpublishVolume")
        guard let volume = try lookUp(text) else { return }
        var record = volume.record
        record.attachments.removeAll { node.isEmpty || $0.node == node }
        guard record.attachments.count != volume.record.attachments.count else { return }
        claim.step("forgetting the attachment")
        try update(record, in: volume.pool)
    }

    func update(_ record: VolumeRecord, in pool: any Pool) throws(VolumeError) {
        try pooling(pool.update(record))
    }
}

extension Attachment {
    fileprivate var words: String { "\(isReadOnly ? "read-only" : "writable") for \(mode)" }
}
