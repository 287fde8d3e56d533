internal import Glibc
internal import Processes
internal import Syscalls
internal import TestSupport
internal import Testing

// What a node must not leave behind. Only what lies in the test's own folder counts: other tests and other programs use
// loop devices and mounts at the same time.

/// The loop devices whose backing file lies, or lay until it was deleted, in a folder.
func loopDevices(in folder: String) -> [String] {
    names(in: "/sys/block").filter { name in
        guard name.hasPrefix("loop"), let bytes = try? Files.read("/sys/block/\(name)/loop/backing_file", limit: 8_192)
        else { return false }
        return String(decoding: bytes, as: UTF8.self).hasPrefix("\(folder)/")
    }
}

extension TemporaryFolder {
    /// How many mounts lie on top of each other at a path.
    func mounts(at path: String) -> Int { mountPoints.count { $0 == path } }
}

/// Expects no mount beneath `root` and no loop device in the folder. A detachment ends with the last opener, who may be
/// anybody that looks at all devices just now: it is given time.
func expectNothingLeft(in folder: TemporaryFolder, beneath root: String, _ location: SourceLocation) async {
    let mounts = folder.mountPoints.filter { $0.hasPrefix("\(root)/") }
    #expect(mounts.isEmpty, "mounts are left", sourceLocation: location)
    await eventually("loop devices are left", location: location) {
        loopDevices(in: "\(folder.path)/pool").isEmpty
    }
    await removeLeftovers(in: folder)
}

/// Unmounts and detaches what a failed test, or a test about leaks, left in the folder.
func removeLeftovers(in folder: TemporaryFolder) async {
    for point in folder.mountPoints { umount2(point, CInt(MNT_DETACH)) }
    for name in loopDevices(in: folder.path) { _ = try? await run("losetup", "-d", "/dev/\(name)") }
}

/// Waits for what only the outside shows, such as the kernel's tables, and fails the test if it does not come.
func eventually(_ what: Comment, location: SourceLocation = #_sourceLocation, _ holds: () async -> Bool) async {
    let limit = Moment.after(seconds: 10)
    while await !holds() {
        if limit < .now {
            Issue.record(what, sourceLocation: location)
            return
        }
        try? await Task.sleep(for: .milliseconds(2))
    }
}

/// Runs a tool off the tests' threads; it has to succeed.
@discardableResult
func run(_ tool: String, _ arguments: String..., location: SourceLocation = #_sourceLocation) async throws -> String {
    let result = try await attempt(tool, arguments)
    try #require(result.status == 0, "\(tool) failed: \(result.summary)", sourceLocation: location)
    return result.output
}

/// Runs a tool off the tests' threads, whatever it says.
func attempt(_ tool: String, _ arguments: String...) async throws -> ToolResult { try await attempt(tool, arguments) }

func attempt(_ tool: String, _ arguments: [String]) async throws -> ToolResult {
    try await HostThread.run { () throws(ToolError) in try Tool.run(tool, arguments, seconds: 120) }
}
