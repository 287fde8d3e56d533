internal import Synchronization
internal import Syscalls

/// The bytes of a volume or of a snapshot, opened to be copied.
public final class Content: Sendable {
    let file: Descriptor
    /// What it is, for a sentence: `snapshot hfs-…`.
    let name: String
    /// Bytes from the start that count.
    public let bytes: Int64
    /// Bytes that are allocated to it.
    public let allocated: Int64
    /// Whether its owner may find blocks shared: not a thick volume, which would have to be given new ones at the next
    /// write.
    let mayShare: Bool

    init(file: consuming Descriptor, name: String, bytes: Int64, allocated: Int64, mayShare: Bool) {
        self.file = file
        self.name = name
        self.bytes = bytes
        self.allocated = allocated
        self.mayShare = mayShare
    }
}

/// How the bytes of a copy come about.
public struct CopyWay: Sendable, Equatable {
    enum Sharing: Sendable { case never, atOnce, inSlices }

    let sharing: Sharing
    /// Whether a copy that takes its time will do where blocks cannot be shared.
    let mayCopy: Bool
    /// Whether writers are held until it is done: then nothing else is done meanwhile, such as writing it out.
    let isHurried: Bool

    /// By sharing blocks where the pool can, by copying elsewhere.
    public static let sharedIfPossible = CopyWay(sharing: .atOnce, mayCopy: true, isHurried: false)
    /// By sharing all blocks in one step, which is one moment of a volume that is being written; else not at all.
    public static let sharedAtOnce = CopyWay(sharing: .atOnce, mayCopy: false, isHurried: true)
    /// By copying, for an owner who must not find his blocks shared.
    public static let copied = CopyWay(sharing: .never, mayCopy: true, isHurried: false)

    /// While writers are held: by sharing blocks slice by slice, and by copying only where that is allowed.
    public static func held(mayCopy: Bool) -> CopyWay {
        CopyWay(sharing: .inSlices, mayCopy: mayCopy, isHurried: true)
    }
}

/// Lets others end a copy that is being made, and says why.
public final class CopyControl: Sendable {
    private let reason = Mutex<String?>(nil)
    private let outer: CopyControl?

    /// `outer`'s end is this one's too.
    public init(within outer: CopyControl? = nil) { self.outer = outer }

    /// Only the first reason counts.
    public func cancel(_ why: String) { reason.withLock { $0 = $0 ?? why } }

    /// Throws `.cancelled` once somebody has cancelled.
    public func check() throws(PoolError) {
        if let why = reason.withLock({ $0 }) { throw .cancelled(reason: why) }
        try outer?.check()
    }
}
