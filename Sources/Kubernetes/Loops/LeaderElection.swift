internal import Diagnostics
internal import Synchronization
internal import Syscalls

/// Why something that is the leader's alone was not done.
public struct NotLeader: Error, Sendable, CustomStringConvertible {
    public let lease: ObjectKey
    public var description: String { "not the holder of the lease \(lease) any more" }
}

/// One of many becomes the leader by holding a Lease of the API.
///
/// Whether another one still leads is judged by when we have seen its lease change, by our own clock that only runs forward:
/// clocks that differ, or jump, change nothing. Who leads stops before anybody else may begin.
public final class LeaderElection: Sendable {
    /// In seconds.
    public struct Timing: Sendable {
        /// For how long a lease counts that is not renewed.
        public var leaseDuration: Double
        /// For how long we count on our own lease after it was renewed: less than its duration, so that a write that is
        /// under way then ends before somebody else begins.
        public var renewDeadline: Double
        /// How often a lease of ours is renewed.
        public var renewEvery: Double
        /// How often a lease of somebody else is looked at. A cluster has thousands of candidates.
        public var lookEvery: Double

        public init(
            leaseDuration: Double = 30, renewDeadline: Double = 20, renewEvery: Double = 5, lookEvery: Double = 15
        ) {
            precondition(renewEvery < renewDeadline && renewDeadline < leaseDuration, "a lease that cannot be held")
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.renewEvery = renewEvery
            self.lookEvery = lookEvery
        }
    }

    private struct State {
        /// Until when we lead; in the past when we do not.
        var leadsUntil = Moment(nanoseconds: 0)
        var isLogged = false
        var error: KubernetesError?
    }

    /// What was seen of the lease, and since when it has been like that.
    struct Sight {
        var lease: Lease
        var since: Moment
    }

    let client: KubernetesClient
    public let lease: ObjectKey
    public let identity: String
    let timing: Timing
    private let state = Mutex(State())
    private let gained = Signal()

    /// - Parameter identity: another one for each candidate, and for each start of one.
    public init(
        _ client: KubernetesClient, namespace: String, name: String, identity: String, timing: Timing = Timing()
    ) {
        self.client = client
        lease = ObjectKey(namespace: namespace, name: name)
        self.identity = identity
        self.timing = timing
    }

    /// Whether we lead at this moment.
    public var isLeader: Bool { state.withLock { $0.leadsUntil } > .now }

    /// Returns when we lead, or when the task is cancelled. For one task.
    public func waitForLeadership() async {
        while !isLeader, !Task.isCancelled { await gained.wait() }
    }

    /// Has to succeed before each write that is the leader's alone.
    public func requireLeadership() throws(NotLeader) {
        guard isLeader else { throw NotLeader(lease: lease) }
    }

    /// Runs for the lease until the task is cancelled, and gives it back then.
    public func run() async {
        var sight: Sight?
        while !Task.isCancelled {
            let begun = Moment.now
            do throws(KubernetesError) {
                sight = try await step(sight)
                logChange()
                try await sleepBetween(begun)
            } catch {
                if error.isCancelled { break }
                // Who has lost a race looks again at once; what else went wrong may last.
                if !error.isConflict, !error.isAlreadyExists { report(error) }
                let wait = isLeader ? timing.renewEvery / 2 : timing.renewEvery
                try? await sleep(until: .after(seconds: wait * Double.random(in: 0.5...1)))
            }
            logChange()
        }
        await release(sight)
    }

    private func sleepBetween(_ begun: Moment) async throws(KubernetesError) {
        let pause = isLeader ? timing.renewEvery : timing.lookEvery * Double.random(in: 0.8...1.2)
        let until = Moment(nanoseconds: begun.nanoseconds + Int64(pause * 1e9))
        do throws(CancellationError) { try await sleep(until: until) } catch {
            throw .cancelled(request: "wait for the lease \(lease)", sent: false)
        }
    }

    /// Looks at the lease, and takes or renews it where that may be.
    private func step(_ last: Sight?) async throws(KubernetesError) -> Sight? {
        // What is ours is renewed as we know it, without a look; the version tells when that is no longer so.
        if let last, last.lease.holderIdentity == identity, isLeader {
            do throws(KubernetesError) {
                return try await write(last.lease, transitions: last.lease.leaseTransitions)
            } catch {
                guard error.isConflict || error.isNotFound else { throw error }
            }
        }
        let found: Lease
        do throws(KubernetesError) {
            found = try await client.get(Lease.self, lease.name, namespace: lease.namespace, isUrgent: true)
        } catch {
            guard error.isNotFound else { throw error }
            return try await write(nil, transitions: 0)
        }
        let isSame = last?.lease.resourceVersion == found.resourceVersion
        let sight = Sight(lease: found, since: isSame ? last?.since ?? .now : .now)
        guard mayTake(sight) else {
            if found.holderIdentity != identity { lose() }
            return sight
        }
        let isOurs = found.holderIdentity == identity
        return try await write(found, transitions: found.leaseTransitions + (isOurs ? 0 : 1))
    }

    /// Whether the lease is free, ours, or was not renewed for its whole time while we looked.
    func mayTake(_ sight: Sight, now: Moment = .now) -> Bool {
        guard let holder = sight.lease.holderIdentity, holder != identity else { return true }
        let duration = max(Double(sight.lease.leaseDurationSeconds), 1)
        return now.nanoseconds - sight.since.nanoseconds >= Int64(duration * 1e9)
    }

    private func write(_ found: Lease?, transitions: Int64) async throws(KubernetesError) -> Sight {
        // Nobody can have taken it for the time from here on, whenever the answer comes.
        let begun = Moment.now
        var lease = found ?? Lease(name: self.lease.name, namespace: self.lease.namespace)
        if lease.holderIdentity != identity { lease.acquireTime = .now }
        lease.holderIdentity = identity
        lease.leaseDurationSeconds = Int64(timing.leaseDuration.rounded(.up))
        lease.renewTime = .now
        lease.leaseTransitions = transitions
        let written =
            found == nil
            ? try await client.create(lease, isUrgent: true) : try await client.update(lease, isUrgent: true)
        let until = Moment(nanoseconds: begun.nanoseconds + Int64(timing.renewDeadline * 1e9))
        state.withLock { state in
            state.leadsUntil = until
            state.error = nil
        }
        gained.raise()
        return Sight(lease: written, since: begun)
    }

    private func lose() { state.withLock { $0.leadsUntil = Moment(nanoseconds: 0) } }

    /// Gives the lease back, so that nobody has to wait for its end. What is the leader's alone has to be over.
    private func release(_ sight: Sight?) async {
        let wasLeader = isLeader
        lose()
        logChange()
        guard wasLeader, var lease = sight?.lease, lease.holderIdentity == identity else { return }
        lease.holderIdentity = nil
        lease.leaseDurationSeconds = 1
        lease.renewTime = .now
        let client = client
        let last = lease
        // The task is cancelled, and its requests would be too; this one may still be made.
        let farewell = Task { try? await client.update(last, isUrgent: true) }
        _ = await farewell.value
    }

    private func report(_ error: KubernetesError) {
        let isNews = state.withLock { state in
            defer { state.error = error }
            return !error.isSameTrouble(as: state.error)
        }
        if isNews { Log.shared.warning("the lease could not be had", ["lease": "\(lease)", "error": "\(error)"]) }
    }

    private func logChange() {
        let isLeader = isLeader
        let isNews = state.withLock { state in
            defer { state.isLogged = isLeader }
            return state.isLogged != isLeader
        }
        if isNews {
            Log.shared.info(isLeader ? "leading" : "not leading any more", ["lease": "\(lease)", "as": identity])
        }
    }
}
