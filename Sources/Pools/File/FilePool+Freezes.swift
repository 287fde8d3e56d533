internal import Glibc
internal import Syscalls

/// Notes of freezes. They are not flushed: a freeze does not outlive the host, and a process that ends leaves the host's
/// caches as they are.
extension FilePool {
    private static let frozenSuffix = ".frozen"

    func noteFreeze(_ id: VolumeID) throws(PoolError) {
        let name = id.text + Self.frozenSuffix
        do throws(SystemError) {
            // A note that is there already is an older one, and whatever else is there would be waited for: a pipe.
            try Files.unlink(name, in: records.folder)
            let file = try Files.open(name, in: records.folder, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            try Files.write(Array(try bootID().utf8), to: file, "\(records.path)/\(name)")
        } catch {
            forgetFreeze(id)
            throw volumes.failure(error)
        }
    }

    func isFreezeNoted(_ id: VolumeID) throws(PoolError) -> Bool {
        do throws(SystemError) {
            let bytes = try Files.read(id.text + Self.frozenSuffix, in: records.folder, limit: 4_096)
            return String(decoding: bytes, as: UTF8.self) == (try bootID())
        } catch {
            // Something else under the name says nothing; what cannot be read may be a note.
            if error.code == EIO { throw .system(error) }
            return false
        }
    }

    func forgetFreeze(_ id: VolumeID) { _ = try? Files.unlink(id.text + Self.frozenSuffix, in: records.folder) }

    func notedFreezes() throws(PoolError) -> (volumes: [VolumeID], reports: [String]) {
        var noted: [VolumeID] = []
        var reports: [String] = []
        let boot = try kernel(bootID())
        for name in try kernel(records.names()) where name.hasSuffix(Self.frozenSuffix) {
            guard let id = VolumeID(String(name.dropLast(Self.frozenSuffix.count))) else { continue }
            do throws(SystemError) {
                let text = String(decoding: try Files.read(name, in: records.folder, limit: 4_096), as: UTF8.self)
                // A note of an earlier boot, or one that was being written: nothing had been frozen, or nothing is any more.
                if text == boot { noted.append(id) } else { forgetFreeze(id) }
            } catch {
                reports.append("whether volume \(id) was left frozen could not be read: \(error); see fsfreeze(8)")
            }
        }
        return (noted, reports)
    }

    private func bootID() throws(SystemError) -> String {
        String(decoding: try Files.read("/proc/sys/kernel/random/boot_id", limit: 64), as: UTF8.self)
    }
}
