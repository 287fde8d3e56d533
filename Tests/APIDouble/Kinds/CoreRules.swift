internal import JSON

enum NamespaceRules {
    static let rules = Rules(
        admit: { namespace, _ in
            namespace[at: "spec.finalizers"] = ["kubernetes"]
            namespace[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = .string(namespace.name)
        },
        name: .label)
}

enum EventRules {
    private static let names = [
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "type",
    ]

    static let selectable = Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }).merging([
        "source": "source.component"
    ]) { $1 }

    static let rules = Rules(check: { event in
        let about = event.text(at: "involvedObject.namespace")
        let isAbroad = about.isEmpty ? !["default", ""].contains(event.namespace) : about != event.namespace
        return isAbroad ? [.invalid("involvedObject.namespace", about, "does not match event.namespace")] : []
    })
}

enum SecretRules {
    static let rules = Rules(
        fill: { secret in
            for (key, value) in secret["stringData"]?.object ?? [:] {
                secret[path: ["data", key]] = .string(base64(Array((value.string ?? "").utf8)))
            }
            secret["stringData"] = nil
            if secret["type"] == nil { secret["type"] = "Opaque" }
        },
        check: { secret in
            (secret["data"]?.object ?? [:]).sorted { $0.key < $1.key }.compactMap { key, value in
                value.string.flatMap(fromBase64) == nil
                    ? .invalid("data[\(key)]", "", "illegal base64 data") : nil
            }
        },
        checkChange: { new, old in
            var causes =
                new["type"] == old["type"]
                ? [] : [APIStatus.Cause.invalid("type", new.text(at: "type"), "field is immutable")]
            if old["immutable"]?.bool == true, new["data"] != old["data"] || new["immutable"]?.bool != true {
                causes.append(.forbidden("data", "field is immutable when `immutable` is set"))
            }
            return causes
        })
}

enum PodRules {
    static let rules = Rules(
        fill: { pod in
            let defaults: [String: JSON] = [
                "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
                "terminationGracePeriodSeconds": 30,
            ]
            for (key, value) in defaults where pod[path: ["spec", key]] == nil { pod[path: ["spec", key]] = value }
        },
        check: { pod in
            pod[at: "spec.containers"]?.array?.isEmpty ?? true ? [.required("spec.containers")] : []
        },
        checkChange: { new, old in
            // What may change, and the node, which the binding sets.
            var (was, now) = (old["spec"] ?? [:], new["spec"] ?? [:])
            for field in ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"] {
                (was[field], now[field]) = (nil, nil)
            }
            if was["nodeName"] == nil { now["nodeName"] = nil }
            for field in ["containers", "initContainers"] {
                let withoutImage = { (spec: JSON) -> JSON in
                    .array(
                        (spec[field]?.array ?? []).map { container in
                            var container = container
                            container["image"] = nil
                            return container
                        })
                }
                (was[field], now[field]) = (withoutImage(was), withoutImage(now))
            }
            if was == now { return [] }
            return [
                .forbidden(
                    "spec",
                    "pod updates may not change fields other than `spec.containers[*].image`,"
                        + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
                        + "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
                        + "previously negative)\n")
            ]
        })
}

enum LeaseRules {
    static let rules = Rules(check: { lease in
        var causes: [APIStatus.Cause] = []
        for field in ["leaseDurationSeconds", "leaseTransitions"] {
            guard let value = lease[path: ["spec", field]]?.integer else { continue }
            let least: Int64 = field == "leaseTransitions" ? 0 : 1
            if value < least {
                causes.append(
                    .invalid(
                        "spec.\(field)", String(value), "must be greater than \(least == 0 ? "or equal to 0" : "0")"))
            }
        }
        return causes
    })
}
