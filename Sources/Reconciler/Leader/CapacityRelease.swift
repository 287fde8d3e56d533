internal import Diagnostics
internal import Kubernetes

/// Deletes what the scheduler is told about room on nodes that are no longer in the cluster: their own reconcilers, which else
/// look after it, have gone with them.
///
/// A node counts as gone when it was missing at two looks, one interval apart.
struct CapacityRelease: Sendable {
    let client: KubernetesClient
    let driver: String
    /// The topology key.
    let key: String
    let namespace: String
    let election: LeaderElection
    /// All of the cluster.
    let nodes: Informer<Node>
    /// Seconds between two looks.
    let interval: Double

    /// Works until the task is cancelled.
    func run() async {
        await nodes.waitForSync()
        var suspects: Set<String> = []
        while !Task.isCancelled {
            do throws(KubernetesError) {
                suspects = try await look(suspects)
            } catch {
                if error.isCancelled { return }
                Log.shared.warning("the capacity of gone nodes could not be looked at", ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(interval))
        }
    }

    /// Deletes the objects of nodes that were missing before, and answers which are missing now.
    private func look(_ suspects: Set<String>) async throws(KubernetesError) -> Set<String> {
        let selector = "\(CapacityLoop.driverLabel)=\(driver)"
        let all = try await client.list(CSIStorageCapacity.self, namespace: namespace, labelSelector: selector).items
        var missing: Set<String> = []
        for capacity in all {
            guard let node = capacity.nodeTopology[key], nodes.get(ObjectKey(name: node)) == nil else { continue }
            missing.insert(node)
            guard suspects.contains(node), election.isLeader, try await isGone(node) else { continue }
            do throws(KubernetesError) {
                try await client.delete(
                    CSIStorageCapacity.self, capacity.name, namespace: namespace,
                    preconditions: Preconditions(uid: capacity.uid))
                Log.shared.info(
                    "deleted what was told of a gone node's room", ["node": node, "class": capacity.storageClassName])
            } catch {
                if !error.isNotFound, !error.isConflict { throw error }
            }
        }
        return missing
    }

    private func isGone(_ node: String) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            _ = try await client.get(Node.self, node)
            return false
        } catch {
            guard error.isNotFound else { throw error }
            return true
        }
    }
}
