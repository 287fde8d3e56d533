internal import Glibc

/// Mount options, told apart into what belongs to the mount and what the filesystem itself is told.
public struct MountOptions: Sendable, Equatable {
    public struct Parameter: Sendable, Equatable {
        public let key: String
        public let value: String?
    }

    /// `MOUNT_ATTR_*` bits of fsmount(2).
    let attributes: UInt64
    /// For fsconfig(2), in the order given.
    public let parameters: [Parameter]
    public let isReadOnly: Bool

    /// Reads options as mount(8) writes them. A later one wins over an earlier one, as there.
    ///
    /// `refusal` is asked for a reason to refuse a filesystem's own option. Options that would change what is mounted
    /// or where (`bind`, `remount`, `loop`, propagation) are refused.
    public init(
        _ flags: [String], readOnly: Bool = false, refusal: (String) -> String? = { _ in nil }
    ) throws(MountError) {
        var attributes: UInt64 = 0
        var parameters: [Parameter] = []
        var isReadOnly = readOnly
        for option in try Self.split(flags) {
            guard option.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
                throw .refusedOption(
                    option: "'\(option.debugDescription)'", reason: "it holds a control character or a space")
            }
            if let reason = Self.notForClients[option] { throw .refusedOption(option: option, reason: reason) }
            if let reason = refusal(option) { throw .refusedOption(option: option, reason: reason) }
            if let change = Self.changes[option] {
                attributes = attributes & ~change.clear | change.set
            } else if option == "ro" {
                isReadOnly = true
            } else if option == "rw" {
                isReadOnly = readOnly
            } else if option != "defaults" {
                let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
                    String.init)
                if parts[0].isEmpty || parts[0] == "source" {
                    throw .refusedOption(option: option, reason: "it is not an option of a filesystem")
                }
                parameters.append(Parameter(key: parts[0], value: parts.count == 2 ? parts[1] : nil))
            }
        }
        if isReadOnly { attributes |= UInt64(MOUNT_ATTR_RDONLY) }
        self.attributes = attributes
        self.parameters = parameters
        self.isReadOnly = isReadOnly
    }

    /// The options of each text, with commas between them. Within quotation marks a comma belongs to the value, as mount(8)
    /// has it: kubelet gives a pod's SELinux label as `context="system_u:object_r:container_file_t:s0:c85,c634"`. The marks
    /// are not the value's: fsconfig(2) takes it as it is.
    private static func split(_ flags: [String]) throws(MountError) -> [String] {
        var options: [String] = []
        for flag in flags {
            var option = ""
            var isQuoted = false
            for character in flag {
                switch character {
                case "\"": isQuoted.toggle()
                case "," where !isQuoted:
                    options.append(option)
                    option = ""
                default: option.append(character)
                }
            }
            if isQuoted {
                throw .refusedOption(option: flag.debugDescription, reason: "a quotation mark is not closed")
            }
            options.append(option)
        }
        return options.filter { !$0.isEmpty }
    }

    private struct Change {
        let clear: UInt64
        let set: UInt64
    }

    private static let changes: [String: Change] = {
        let access = UInt64(MOUNT_ATTR__ATIME)
        let directories = UInt64(MOUNT_ATTR_NODIRATIME)
        func on(_ bit: Int32) -> Change { Change(clear: 0, set: UInt64(bit)) }
        func off(_ bit: Int32) -> Change { Change(clear: UInt64(bit), set: 0) }
        return [
            "nosuid": on(MOUNT_ATTR_NOSUID), "suid": off(MOUNT_ATTR_NOSUID),
            "nodev": on(MOUNT_ATTR_NODEV), "dev": off(MOUNT_ATTR_NODEV),
            "noexec": on(MOUNT_ATTR_NOEXEC), "exec": off(MOUNT_ATTR_NOEXEC),
            "nosymfollow": on(MOUNT_ATTR_NOSYMFOLLOW), "symfollow": off(MOUNT_ATTR_NOSYMFOLLOW),
            "noatime": Change(clear: access, set: UInt64(MOUNT_ATTR_NOATIME)),
            "strictatime": Change(clear: access, set: UInt64(MOUNT_ATTR_STRICTATIME)),
            "relatime": Change(clear: access, set: UInt64(MOUNT_ATTR_RELATIME)),
            "atime": Change(clear: access, set: UInt64(MOUNT_ATTR_RELATIME)),
            "nodiratime": Change(clear: 0, set: directories), "diratime": Change(clear: directories, set: 0),
        ]
    }()

    private static let notForClients: [String: String] = {
        let kind = "it changes what is mounted, not how"
        let spread = "how mounts spread is the host's own setting"
        var reasons: [String: String] = [:]
        for option in ["bind", "rbind", "remount", "move", "loop", "user", "users", "owner", "group", "_netdev"] {
            reasons[option] = kind
        }
        for base in ["shared", "slave", "private", "unbindable"] {
            reasons[base] = spread
            reasons["r\(base)"] = spread
        }
        return reasons
    }()
}
