internal import Synchronization

/// Which controllers run beside a double.
final class ControllerSwitches: Sendable {
    private let running = Mutex<[Controller: Task<Void, Never>]>([:])

    func start(_ controller: Controller, _ make: () -> Task<Void, Never>) {
        running.withLock { running in
            if running[controller] == nil { running[controller] = make() }
        }
    }

    func stop(_ controller: Controller) { running.withLock { $0.removeValue(forKey: controller) }?.cancel() }

    func stopAll() { for controller in Controller.allCases { stop(controller) } }
}

extension APIDouble {
    /// Runs a controller beside the double, until it is stopped.
    public func start(_ controller: Controller) {
        controllers.start(controller) { Task {} }
    }

    /// Stops a controller; what it has begun to write is written.
    public func stop(_ controller: Controller) { controllers.stop(controller) }
}
