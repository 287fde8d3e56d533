public import Devices
internal import Processes
internal import Syscalls

extension Filesystem {
    /// Gives the filesystem on a clone's device its own UUID, before it is ever mounted; the source with the old one may
    /// be mounted meanwhile. What is on the device is read before and after.
    ///
    /// It may be called again after a kill at any point.
    public func renewUUID(on device: String, from old: UUID, to new: UUID) throws(FilesystemError) {
        try Filesystems.requireUnused(device)
        let before = try signature(on: device)
        guard before.uuid == old || before.uuid == new else {
            throw renewalFailed(device, "it holds \(before), neither UUID \(old) nor \(new)")
        }
        try setUUID(on: device, from: old, to: new)
        let after = try signature(on: device)
        guard after.uuid == new else { throw renewalFailed(device, "it holds \(after) afterwards, not UUID \(new)") }
    }

    /// The one filesystem on the device, which is of this kind.
    private func signature(on device: String) throws(FilesystemError) -> Signature {
        let finding = try examine(device)
        switch consume finding {
        case .filesystem(let signature):
            if signature.type == name { return signature }
            throw renewalFailed(device, "it holds \(signature)")
        case .foreign(let signature): throw renewalFailed(device, "it holds \(signature)")
        case .ambiguous(let signatures): throw renewalFailed(device, "it holds \(signatures.sentence)")
        case .blank: throw renewalFailed(device, "it holds nothing")
        }
    }

    private func examine(_ device: String) throws(FilesystemError) -> Finding {
        let opened = try system(BlockDevice.open(device, readOnly: true))
        do throws(DeviceError) {
            return try Examination.examine(opened)
        } catch {
            throw renewalFailed(device, "\(error)")
        }
    }

    func renewalFailed(_ device: String, _ reason: String) -> FilesystemError {
        .renewalFailed(type: name, device: device, reason: reason)
    }

    /// Runs a tool that changes an existing filesystem.
    func runTool(_ tool: String, _ arguments: [String]) throws(FilesystemError) -> ToolResult {
        do throws(ToolError) {
            return try Tool.run(tool, arguments, seconds: FormatLimit.seconds)
        } catch {
            throw .tool(error)
        }
    }
}
