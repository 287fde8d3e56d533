internal import Diagnostics
internal import Kubernetes

/// Lets snapshots go that were kept while a volume was made from them, where whoever was making it has ended before it could.
///
/// What no waiting claim names at two looks, one interval apart, is needed by nobody: the claim is there before the snapshot is
/// kept, and what was seen of the claims is never that old.
struct SnapshotRelease: Sendable {
    let client: KubernetesClient
    let driver: String
    let election: LeaderElection
    /// All of the cluster.
    let claims: Informer<PersistentVolumeClaim>
    /// Seconds between two looks.
    let interval: Double

    /// Works until the task is cancelled.
    func run() async {
        await claims.waitForSync()
        var suspects: Set<String> = []
        while !Task.isCancelled {
            do throws(KubernetesError) {
                suspects = try await look(suspects)
            } catch {
                if error.isCancelled { return }
                // Clusters without snapshots do not have that kind.
                if !error.isNotFound {
                    Log.shared.warning("kept snapshots could not be looked at", ["error": "\(error)"])
                }
            }
            try? await Task.sleep(for: .seconds(interval))
        }
    }

    /// Lets those go that were suspects before, and answers the uids of those that are now.
    private func look(_ suspects: Set<String>) async throws(KubernetesError) -> Set<String> {
        let kept = try await client.list(VolumeSnapshot.self).items.filter {
            $0.finalizers.contains(ClusterNames.snapshotFinalizer)
        }
        if kept.isEmpty { return [] }
        let wanted = claims.all.filter { $0.volumeName == nil && !$0.isBeingDeleted }.compactMap {
            try? ClaimSource($0)
        }
        var left: Set<String> = []
        for var snapshot in kept where !wanted.contains(.snapshot(snapshot.key)) {
            // Other drivers' provisioners keep theirs by the same finalizer.
            guard try await isOurs(snapshot) else { continue }
            guard suspects.contains(snapshot.uid) else {
                left.insert(snapshot.uid)
                continue
            }
            guard election.isLeader else { return [] }
            do throws(KubernetesError) {
                snapshot.finalizers.removeAll { $0 == ClusterNames.snapshotFinalizer }
                snapshot.removeMarks(driver)
                _ = try await client.update(snapshot)
                Log.shared.info(
                    "let a snapshot go that nobody is filling a volume from", ["snapshot": "\(snapshot.key)"])
            } catch {
                // It has changed since: the next look sees.
                if !error.isNotFound, !error.isConflict { throw error }
            }
        }
        return left
    }

    private func isOurs(_ snapshot: VolumeSnapshot) async throws(KubernetesError) -> Bool {
        guard let name = snapshot.boundContentName else { return false }
        do throws(KubernetesError) {
            return try await client.get(VolumeSnapshotContent.self, name).driver == driver
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }
}
