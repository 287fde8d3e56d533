internal import RPC

/// One name for volumes, the volume that has it, and that volume's snapshots, as a single client would find them.
struct VolumeModel: SequentialModel {
    /// Sizes in MiB; targets and snapshots by number.
    enum Call: Sendable, Equatable {
        case create(size: Int64)
        case delete, attach, detach, stage, unstage
        case publish(Int)
        case unpublish(Int)
        case expand(to: Int64)
        case snapshot(Int)
        case deleteSnapshot(Int)
        case stats(Int)
        case condition
        /// What a listing of all volumes says of this one.
        case listed
        case getSnapshot(Int)
        /// A publication that does not say how.
        case invalid
    }

    struct Answer: Equatable, Sendable, CustomStringConvertible {
        let code: StatusCode
        /// MiB, where the answer tells of a size.
        var size: Int64?
        var isAttached: Bool?

        var description: String {
            code.name + (size.map { " \($0) MiB" } ?? "") + (isAttached.map { $0 ? " attached" : " detached" } ?? "")
        }
    }

    struct Volume: Hashable, Sendable {
        let incarnation: Int
        var size: Int64
        var isAttached = false
        var isStaged = false
        var target: Int?
    }

    var volume: Volume?
    /// The incarnation of which each snapshot is.
    var snapshots: [Int: Int] = [:]
    private var incarnations = 0

    mutating func perform(_ call: Call) -> Answer {
        switch call {
        case .create(let size): create(size)
        case .delete: delete()
        case .detach:
            changed { $0.isAttached = false } ?? Answer(code: .ok)
        case .unpublish(let target):
            changed { if $0.target == target { $0.target = nil } } ?? Answer(code: .ok)
        case .unstage: unstage()
        case .snapshot(let number): snapshot(number)
        case .deleteSnapshot(let number):
            forget(number)
        case .getSnapshot(let number): Answer(code: snapshots[number] == nil ? .notFound : .ok)
        case .listed: Answer(code: .ok, size: volume?.size, isAttached: nil)
        case .invalid: Answer(code: .invalidArgument)
        case .attach: changed { $0.isAttached = true } ?? Answer(code: .notFound)
        case .stage: changed { $0.isStaged = true } ?? Answer(code: .notFound)
        case .publish(let target): publish(target)
        case .expand(let size):
            changed { $0.size = max($0.size, size) }.map { _ in Answer(code: .ok, size: volume?.size) }
                ?? Answer(code: .notFound)
        case .stats(let target):
            Answer(code: volume != nil && volume?.target == target ? .ok : .notFound)
        case .condition:
            volume.map { Answer(code: .ok, size: $0.size, isAttached: $0.isAttached) } ?? Answer(code: .notFound)
        }
    }

    static func isLook(_ call: Call, _ answer: Answer) -> Bool {
        switch call {
        case .stats, .condition, .listed, .getSnapshot, .invalid: true
        default: answer.code != .ok
        }
    }

    /// OK and a change; nil when there is no volume.
    private mutating func changed(_ change: (inout Volume) -> Void) -> Answer? {
        guard var changed = volume else { return nil }
        change(&changed)
        volume = changed
        return Answer(code: .ok)
    }

    private mutating func create(_ size: Int64) -> Answer {
        if let volume { return volume.size == size ? Answer(code: .ok, size: size) : Answer(code: .alreadyExists) }
        incarnations += 1
        volume = Volume(incarnation: incarnations, size: size)
        return Answer(code: .ok, size: size)
    }

    private mutating func delete() -> Answer {
        if let volume, volume.isAttached || volume.isStaged { return Answer(code: .failedPrecondition) }
        volume = nil
        return Answer(code: .ok)
    }

    private mutating func unstage() -> Answer {
        if volume?.target != nil { return Answer(code: .failedPrecondition) }
        return changed { $0.isStaged = false } ?? Answer(code: .ok)
    }

    private mutating func publish(_ target: Int) -> Answer {
        guard let volume else { return Answer(code: .notFound) }
        guard volume.isStaged, volume.target == nil || volume.target == target else {
            return Answer(code: .failedPrecondition)
        }
        return changed { $0.target = target } ?? Answer(code: .notFound)
    }

    private mutating func snapshot(_ number: Int) -> Answer {
        if let source = snapshots[number] {
            return Answer(code: volume.map { $0.incarnation != source } ?? false ? .alreadyExists : .ok)
        }
        guard let volume else { return Answer(code: .notFound) }
        snapshots[number] = volume.incarnation
        return Answer(code: .ok)
    }

    private mutating func forget(_ number: Int) -> Answer {
        snapshots[number] = nil
        return Answer(code: .ok)
    }
}
