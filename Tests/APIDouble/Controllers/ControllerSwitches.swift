internal import JSON
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
    /// Runs a controller beside the double, until it is stopped. It begins by looking at all there is.
    public func start(_ controller: Controller) {
        controllers.start(controller) {
            let (watched, sinks) = watch(controller.resources)
            return Task { [weak self] in
                self?.run(controller)
                for await _ in watched { self?.run(controller) }
                self?.store.withLock { state in for id in sinks { state.sinks[id] = nil } }
            }
        }
    }

    /// Stops a controller; what it has begun to write is written.
    public func stop(_ controller: Controller) { controllers.stop(controller) }

    /// Has a controller look at everything once, whether it runs or not.
    public func run(_ controller: Controller) {
        switch controller {
        case .binder: PVBinder(double: self).run()
        case .protection: Protection(double: self).run()
        case .garbageCollector: collectGarbage()
        }
    }

    /// Something comes whenever one of the resources changes.
    private func watch(_ resources: [String]) -> (AsyncStream<Void>, [Int]) {
        let (changes, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        var ids: [Int] = []
        for name in resources {
            guard let resource = try? resource(name), let scope = try? ListScope(of: resource) else { continue }
            let sink = WatchSink(resource, scope, told: { continuation.yield() })
            ids.append(
                store.withLock { state in
                    state.nextSink += 1
                    state.sinks[state.nextSink] = sink
                    return state.nextSink
                })
        }
        return (changes, ids)
    }
}

extension Controller {
    fileprivate var resources: [String] {
        switch self {
        case .binder: ["persistentvolumes", "persistentvolumeclaims", "storageclasses"]
        case .protection: ["persistentvolumes", "persistentvolumeclaims", "pods"]
        case .garbageCollector: []
        }
    }
}
