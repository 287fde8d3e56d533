internal import Diagnostics
internal import JSON
internal import Kubernetes

/// Takes the start-up taint from the node once kubelet has registered the driver there.
///
/// An operator or an autoscaler has new nodes come with the taint `DRIVER/agent-not-ready`, so that no pod which needs a volume
/// is placed on a node that cannot have one yet. Nodes without it are never written to.
struct TaintLoop: Sendable {
    let client: KubernetesClient
    let identity: NodeIdentity
    let events: Telling
    /// The CSINode of this node alone, which kubelet writes when a driver registers.
    let registration: Informer<CSINode>
    /// This node alone, for a taint that comes after the registration.
    let node: Informer<Node>

    init(client: KubernetesClient, identity: NodeIdentity, events: Telling) {
        self.client = client
        self.identity = identity
        self.events = events
        registration = Informer(CSINode.self, client, fieldSelector: "metadata.name=\(identity.node)")
        node = Informer(Node.self, client, fieldSelector: "metadata.name=\(identity.node)") { json in
            json["metadata", "managedFields"] = nil
            json["status"] = nil
        }
    }

    /// Works until the task is cancelled.
    func run() async {
        let loop = Loop("taint", workers: 1, settle: settle)
        registration.onChange { change in
            if let node = change.current { loop.queue.add(node.key) }
        }
        node.onChange { change in
            if let node = change.current, !node.taints.isEmpty { loop.queue.add(node.key) }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await registration.run() }
            group.addTask { await node.run() }
            group.addTask { await loop.run() }
        }
    }

    func settle(_ key: ObjectKey) async throws -> Turn {
        guard let registered = registration.get(key), registered.drivers.contains(where: { $0.name == identity.driver })
        else { return .done }
        let node: Node
        do throws(KubernetesError) {
            node = try await client.get(Node.self, identity.node)
        } catch {
            guard error.isNotFound else { throw error }
            return .done
        }
        let taint = ClusterNames.startupTaint(identity.driver)
        let others = node.taints.filter { $0["key"]?.string != taint }
        if others.count == node.taints.count { return .done }
        do throws(KubernetesError) {
            // The list is written whole: by its version, no taint of anybody else's is lost.
            _ = try await client.mergePatch(
                Node.self, node.name,
                [
                    "metadata": [
                        "uid": .string(node.uid), "resourceVersion": .string(node.resourceVersion ?? ""),
                    ],
                    "spec": ["taints": others.isEmpty ? JSON.null : .array(others)],
                ])
        } catch {
            if error.isNotFound { return .done }
            if error.isConflict { return .again(after: 0.1) }
            throw error
        }
        Log.shared.info("took the start-up taint from the node", ["node": node.name, "taint": taint])
        events.normal(node, "VolumesReady", "\(identity.driver) is registered; the taint \(taint) is taken away")
        return .done
    }
}
