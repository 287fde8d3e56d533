"""What has to hold for the manifests beyond the API's schemas. Each rule gives its faults, a sentence each."""

import re

from deployment import key, name, of_kind


def pods(objects):
    """Each pod's specification, with a name for it."""
    for each in objects:
        if each["kind"] == "Pod":
            yield name(each), each["spec"]
        elif "template" in each.get("spec", {}):
            yield name(each), each["spec"]["template"]["spec"]


def unique(objects):
    keys = [key(each) for each in objects]
    return [f"{each} stands twice" for each in sorted(set(map(str, keys))) if list(map(str, keys)).count(each) > 1]


def references(objects):
    """Whatever is named is there."""
    there = {key(each) for each in objects}
    for each in of_kind(objects, "RoleBinding", "ClusterRoleBinding"):
        role = each["roleRef"]
        space = each["metadata"].get("namespace") if role["kind"] == "Role" else None
        if (role["kind"], space, role["name"]) not in there:
            yield f"{name(each)} is of a {role['kind']} that there is not: {role['name']}"
        for subject in each["subjects"]:
            # The account of another deployment's is not ours to have here.
            if (subject["kind"], subject["namespace"], subject["name"]) not in there:
                yield f"{name(each)} is for an account that there is not: {subject['name']}"
    for each in of_kind(objects, "DaemonSet"):
        space = each["metadata"]["namespace"]
        spec = each["spec"]["template"]["spec"]
        if ("ServiceAccount", space, spec["serviceAccountName"]) not in there:
            yield f"{name(each)} has an account that there is not: {spec['serviceAccountName']}"
        if ("Namespace", None, space) not in there:
            yield f"{name(each)} lies in a namespace that is not made"
        if each["spec"]["selector"]["matchLabels"].items() - each["spec"]["template"]["metadata"]["labels"].items():
            yield f"{name(each)} does not select its own pods"
    drivers = {each["metadata"]["name"] for each in of_kind(objects, "CSIDriver")}
    for each in of_kind(objects, "StorageClass"):
        if each["provisioner"] not in drivers:
            yield f"{name(each)} is of a driver that there is not: {each['provisioner']}"


def volumes(objects):
    """Every mount has its volume, and every volume a mount; ports that are named are there."""
    for pod, spec in pods(objects):
        names = [volume["name"] for volume in spec.get("volumes", [])]
        mounted = set()
        ports = {port["name"] for each in spec["containers"] for port in each.get("ports", [])}
        for container in spec["containers"]:
            for mount in container.get("volumeMounts", []):
                mounted.add(mount["name"])
                if mount["name"] not in names:
                    yield f"{pod}, {container['name']}: it mounts {mount['name']}, which is no volume of the pod"
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                if port is not None and port not in ports:
                    yield f"{pod}, {container['name']}: {probe} asks at port {port}, which has nobody"
        for volume in sorted(set(names) - mounted):
            yield f"{pod}: volume {volume} is mounted nowhere"


def privileges(objects):
    """One container is privileged, for the mounts; the others have nothing of root but the number."""
    for pod, spec in pods(objects):
        for container in spec["containers"]:
            where = f"{pod}, {container['name']}"
            context = container.get("securityContext", {})
            if not context.get("readOnlyRootFilesystem"):
                yield f"{where}: its root can be written to"
            if context.get("privileged"):
                if not any(m.get("mountPropagation") == "Bidirectional" for m in container["volumeMounts"]):
                    yield f"{where}: it is privileged and does not need to be"
                if any(m["mountPath"].startswith("/var/run/secrets") for m in container["volumeMounts"]):
                    yield f"{where}: it is privileged and has a token"
                continue
            if context.get("allowPrivilegeEscalation") is not False:
                yield f"{where}: allowPrivilegeEscalation is not false"
            if context.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{where}: it has capabilities"
            seccomp = context.get("seccompProfile", spec.get("securityContext", {}).get("seccompProfile"))
            if seccomp != {"type": "RuntimeDefault"}:
                yield f"{where}: it has no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{pod}: every container has the account's token"
        for container in spec["containers"]:
            if not container.get("resources", {}).get("requests") and "hostPath" in str(spec):
                yield f"{pod}, {container['name']}: it asks for no resources"


def reasons(text):
    """A reason stands right above each rule of a role."""
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*- apiGroups:", line) and not lines[number - 2].lstrip().startswith("# "):
            yield f"line {number}: a rule without its reason"
        if re.search(r"""['"\[ ]\*['"\], ]?""", line) and re.match(r"\s*(- )?(verbs|resources|apiGroups):", line):
            yield f"line {number}: a rule for everything"


def options(objects, version, help_of):
    """Containers of our image are of this version, and are told what their executables know."""
    for pod, spec in pods(objects):
        for container in spec["containers"]:
            if "/sig-storage/" in container["image"] or "holdfast" not in container["image"]:
                continue
            where = f"{pod}, {container['name']}"
            if container["image"] != f"localhost/holdfast:{version}":
                yield f"{where}: the image is {container['image']}, the version {version}"
            words = [container["command"] + container.get("args", [])]
            words += [
                hook["exec"]["command"]
                for hook in [*container.get("lifecycle", {}).values()]
                + [container.get(f"{each}Probe", {}) for each in ("startup", "liveness", "readiness")]
                if "exec" in hook
            ]
            for command in words:
                program = [word for word in command if not word.startswith("-")][: 2 if command[0] == "holdfast" else 1]
                text = help_of(program)
                if text is None:
                    yield f"{where}: there is no {' '.join(program)}"
                    continue
                for word in command:
                    if word.startswith("--") and not re.search(rf"{re.escape(word.split('=')[0])}\b(?!-)", text):
                        yield f"{where}: {' '.join(program)} has no option {word.split('=')[0]}"
            known = set(re.findall(r"HOLDFAST_[A-Z_]+", help_of(container["command"]) or ""))
            for variable in container.get("env", []):
                if variable["name"].startswith("HOLDFAST_") and variable["name"] not in known:
                    yield f"{where}: {container['command'][0]} does not read {variable['name']}"


def same_node(one, other):
    """The node's container is the same in both deployments, but for who registers it and who asks for its health."""

    def node(objects):
        for _, spec in pods(objects):
            for container in spec["containers"]:
                if container["name"] == "node":
                    rest = {k: v for k, v in container.items() if k not in ("livenessProbe", "ports", "env")}
                    variables = [v for v in container["env"] if v["name"] != "HOLDFAST_KUBELET_REGISTRATION_DIR"]
                    return rest | {"env": variables}
        return None

    if node(one) != node(other):
        yield "the node's containers of both deployments differ"
