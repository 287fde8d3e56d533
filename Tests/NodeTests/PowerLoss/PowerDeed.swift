internal import CSI
internal import Glibc
internal import RPC
internal import Syscalls

/// What a client does in a run that ends with the power. Doing it again is always allowed.
enum PowerDeed: Sendable, CustomStringConvertible {
    /// The pool is new, and its first node becomes ready.
    case start
    case create(String, VolumeKind, [String: String] = [:])
    case use(String)
    case stopUsing(String)
    /// Writes a sample into a file, or at that offset of a raw block device, and flushes it.
    case write(String, file: String, sample: Int)
    /// The same without the flush.
    case writeLoosely(String, file: String, sample: Int)
    case snapshot(String, of: String)
    case group(String, of: [String])
    case clone(String, of: String)
    case restore(String, from: String)
    case attach(String)
    case detach(String)
    case expand(String, to: Int64)
    case modify(String, readAheadKiB: Int)
    case delete(String)
    case deleteSnapshot(String)
    case deleteGroup(String)

    var description: String {
        switch self {
        case .start: "start"
        case .create(let name, let kind, let parameters): "create \(name), \(kind.name), \(parameters)"
        case .use(let name): "use \(name)"
        case .stopUsing(let name): "stop using \(name)"
        case .write(let name, let file, _): "write and flush \(file) of \(name)"
        case .writeLoosely(let name, let file, _): "write \(file) of \(name)"
        case .snapshot(let name, let source): "snapshot \(name) of \(source)"
        case .group(let name, let sources): "group \(name) of \(sources)"
        case .clone(let name, let source): "clone \(name) of \(source)"
        case .restore(let name, let source): "restore \(name) from \(source)"
        case .attach(let name): "attach \(name)"
        case .detach(let name): "detach \(name)"
        case .expand(let name, let size): "expand \(name) to \(size)"
        case .modify(let name, let kibibytes): "modify \(name) to read \(kibibytes) KiB ahead"
        case .delete(let name): "delete \(name)"
        case .deleteSnapshot(let name): "delete snapshot \(name)"
        case .deleteGroup(let name): "delete group \(name)"
        }
    }

    /// Does it, and returns what there is afterwards.
    func perform(in world: PowerWorld, on node: NodeUnderTest) async throws -> PowerWorld {
        var world = world
        switch self {
        case .start: try await node.waitUntilReady()
        case .create(let name, let kind, let parameters):
            let volume = try await node.create(name, kind.capability, size: kind.size, parameters: parameters)
            world.volumes[name] = .init(volume, kind)
        case .use(let name): try await node.use(world.volume(name).volume, as: name)
        case .stopUsing(let name): try await node.stopUsing(world.volume(name).volume, as: name)
        case .write(let name, let file, let sample):
            try await write(sample, file, of: world.volume(name), name, on: node)
            world.volumes[name]?.loose[file] = nil
            world.volumes[name]?.files[file] = sample
        case .writeLoosely(let name, let file, let sample):
            try await write(sample, file, of: world.volume(name), name, on: node, flushes: false)
            world.volumes[name]?.loose[file] = sample
        case .attach(let name):
            try await node.attach(world.volume(name).volume)
            world.volumes[name]?.isAttached = true
        case .detach(let name):
            try await node.detach(world.volume(name).volume)
            world.volumes[name]?.isAttached = false
        case .expand(let name, let size):
            let (volume, kind) = (try world.volume(name).volume, try world.volume(name).kind)
            let (grown, isPending) = try await node.expand(volume, to: size)
            // A mounted ext4 does not grow for every root; one that is not mounted grows when it is next staged.
            if isPending, kind.name != "ext4" {
                try await node.use(volume, as: name)
                _ = try await node.expand(volume, to: grown, at: name)
            }
            world.volumes[name]?.sizes = [grown]
        case .modify(let name, let kibibytes):
            try await node.modify(world.volume(name).volume, ["readAheadKiB": "\(kibibytes)"])
            world.volumes[name]?.readAheadKiB = kibibytes
        case .delete(let name):
            try await node.delete(world.volume(name).volume)
            world.volumes[name] = nil
        case .snapshot, .group, .clone, .restore, .deleteSnapshot, .deleteGroup:
            try await performCopy(in: &world, on: node)
        }
        return world
    }

    private func performCopy(in world: inout PowerWorld, on node: NodeUnderTest) async throws {
        let parameters = ["maxFreeze": "60s"]
        switch self {
        case .snapshot(let name, let source):
            let member = try world.volume(source)
            let snapshot = try await node.snapshot(member.volume, name, parameters: parameters)
            world.snapshots[name] = .init(snapshot, of: member)
        case .group(let name, let sources):
            let members = try sources.map { try world.volume($0) }
            let group = try await node.group(members.map(\.volume), name, parameters: parameters)
            let kept = group.snapshots.compactMap { snapshot in
                members.first { $0.volume.id == snapshot.sourceVolumeID }.map { PowerWorld.Kept(snapshot, of: $0) }
            }
            world.groups[name] = .init(group: group, members: kept)
        case .clone(let name, let source):
            let member = try world.volume(source)
            world.volumes[name] = .init(
                try await node.clone(member.volume, name), member.kind, files: member.files, loose: member.loose)
        case .restore(let name, let source):
            guard let kept = world.snapshots[source] else { throw PowerWorld.Unknown(name: source) }
            world.volumes[name] = .init(
                try await node.restore(kept.snapshot, name, kept.kind.capability), kept.kind, files: kept.files,
                loose: kept.loose)
        case .deleteSnapshot(let name):
            if let kept = world.snapshots[name] { try await node.delete(snapshot: kept.snapshot) }
            world.snapshots[name] = nil
        case .deleteGroup(let name):
            if let group = world.groups[name] { try await node.delete(group: group.group) }
            world.groups[name] = nil
        default: preconditionFailure("\(self) copies nothing")
        }
    }

    private func write(
        _ sample: Int, _ file: String, of member: PowerWorld.Member, _ name: String, on node: NodeUnderTest,
        flushes: Bool = true
    ) async throws {
        let target = try await node.use(member.volume, as: name)
        let path = member.kind.file(target, file)
        let offset = member.kind.isBlock ? Int64(file) ?? 0 : 0
        try await HostThread.run { () throws(SystemError) in
            let opened = try Files.open(path, O_WRONLY | O_CREAT)
            try Files.write(Sample.bytes(sample), to: opened, path, at: offset)
            guard flushes else { return }
            try Files.sync(opened, path)
            // POSIX keeps the name of a new file only when its folder is flushed too.
            if !member.kind.isBlock { try Files.sync(try Files.open(target, O_RDONLY | O_DIRECTORY), target) }
        }
    }

    /// A client that got no answer may leave it at that: undoes, with the names that it knows, what may have been done,
    /// and returns what there is for sure. Nil for what has to be done to its end.
    func giveUp(in world: PowerWorld, after done: PowerWorld, on node: NodeUnderTest) async throws -> PowerWorld? {
        var world = world
        switch self {
        case .create(let name, _, _), .clone(let name, _), .restore(let name, _):
            try await node.delete(done.volume(name).volume)
        case .snapshot(let name, _):
            if let kept = done.snapshots[name] { try await node.delete(snapshot: kept.snapshot) }
        case .group(let name, _):
            if let group = done.groups[name] { try await node.delete(group: group.group) }
        case .write(let name, let file, let sample):
            world.volumes[name]?.files[file] = nil
            world.volumes[name]?.loose[file] = sample
        case .expand(let name, _): world.volumes[name]?.sizes.formUnion(try done.volume(name).sizes)
        case .attach(let name), .detach(let name): world.volumes[name]?.isAttached = nil
        case .writeLoosely(let name, let file, let sample): world.volumes[name]?.loose[file] = sample
        case .start, .use, .stopUsing: break
        case .modify, .delete, .deleteSnapshot, .deleteGroup: return nil
        }
        return world
    }
}
