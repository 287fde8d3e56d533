internal import Pools
internal import Synchronization

/// What the last staging of a volume found wrong with it. Nobody else looks at what an unused volume holds, so its condition
/// is told from here. The next staging finds it again: nothing of it is kept beyond the process.
final class StageTroubles: Sendable {
    private let sentences = Mutex<[VolumeID: String]>([:])

    func of(_ id: VolumeID) -> [String] { sentences.withLock { $0[id].map { [$0] } ?? [] } }

    func forget(_ id: VolumeID) { sentences.withLock { _ = $0.removeValue(forKey: id) } }

    /// Notes what a staging ended with, if that tells of the volume itself and not of the request.
    fileprivate func note(_ id: VolumeID, _ error: VolumeError) {
        guard error.isAboutContent else { return }
        sentences.withLock { $0[id] = "it could not be staged: \(error)" }
    }
}

extension Storage {
    /// Runs a staging and remembers what it found.
    func rememberingTrouble<Value>(
        of id: VolumeID, _ body: () throws(VolumeError) -> Value
    ) throws(VolumeError) -> Value {
        do throws(VolumeError) {
            let value = try body()
            stageTroubles.forget(id)
            return value
        } catch {
            stageTroubles.note(id, error)
            switch error {
            case .device, .filesystem, .mount(.refusedByKernel): throw .unstageable(volume: id, cause: error)
            default: throw error
            }
        }
    }
}

extension VolumeError {
    /// Whether it tells what a volume's device holds, or that the device cannot be read or written.
    fileprivate var isAboutContent: Bool {
        switch self {
        case .contentLost, .unexpectedContent: true
        case .device(.unreadable): true
        case .filesystem(.checkRefused), .filesystem(.formatFailed), .filesystem(.renewalFailed): true
        case .mount(.refusedByKernel): true
        default: false
        }
    }
}
