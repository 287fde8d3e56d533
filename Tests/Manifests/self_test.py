"""Shows that each rule finds what it is for: a mistake is put into the manifests as they are, and has to be told of."""

import copy
import sys

import check
import rules
from deployment import DEPLOY, Mistake, load

BASE = check.deployments()["base"]


def find(objects, kind, name=None):
    return next(each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"]))


def pod(objects):
    return find(objects, "DaemonSet")["spec"]["template"]["spec"]


def node(objects):
    return pod(objects)["containers"][0]


def reconciler(objects):
    return pod(objects)["containers"][1]


def schemas(objects):
    return [fault for each in objects for fault in check.schema_faults(each, ["1.34"])]


def options(objects):
    return rules.options(objects, check.version(), check.help_of)


def same(objects):
    return rules.same_node(BASE, objects)


# What is done to the manifests, the rule, and a word of what it says.
ROWS = [
    ("an unknown field", schemas, lambda o: node(o).update(imagePulPolicy="Always"), "imagePulPolicy"),
    ("a wrong type", schemas, lambda o: pod(o).update(terminationGracePeriodSeconds="60s"), "terminationGrace"),
    ("a kind that there is not", schemas, lambda o: o[0].update(kind="Namespaces"), "Namespaces"),
    ("a field that is missing", schemas, lambda o: node(o).pop("name"), "name"),
    ("an object twice", rules.unique, lambda o: o.append(copy.deepcopy(o[0])), "twice"),
    ("a role that is not there", rules.references, lambda o: o.remove(find(o, "Role")), "Role that there is not"),
    ("no account", rules.references, lambda o: o.remove(find(o, "ServiceAccount")), "account that there is not"),
    ("no namespace", rules.references, lambda o: o.remove(find(o, "Namespace")), "namespace that is not made"),
    ("another driver", rules.references, lambda o: find(o, "CSIDriver")["metadata"].update(name="x"), "driver"),
    ("other labels", rules.references,
     lambda o: find(o, "DaemonSet")["spec"]["template"]["metadata"].update(labels={}), "select"),
    ("a mount of nothing", rules.volumes, lambda o: pod(o)["volumes"].pop(0), "no volume"),
    ("a volume for nobody", rules.volumes, lambda o: reconciler(o)["volumeMounts"].pop(), "mounted nowhere"),
    ("a port of nobody", rules.volumes, lambda o: reconciler(o).pop("ports"), "nobody"),
    ("a root to write to", rules.privileges,
     lambda o: node(o)["securityContext"].pop("readOnlyRootFilesystem"), "written"),
    ("a capability", rules.privileges,
     lambda o: reconciler(o)["securityContext"]["capabilities"].update(add=["SYS_ADMIN"]), "capabilities"),
    ("no seccomp", rules.privileges, lambda o: reconciler(o)["securityContext"].pop("seccompProfile"), "seccomp"),
    ("escalation", rules.privileges,
     lambda o: reconciler(o)["securityContext"].pop("allowPrivilegeEscalation"), "allowPrivilege"),
    ("a second privileged one", rules.privileges,
     lambda o: reconciler(o)["securityContext"].update(privileged=True), "does not need"),
    ("a token for the privileged", rules.privileges,
     lambda o: node(o)["volumeMounts"].append(reconciler(o)["volumeMounts"][1]), "has a token"),
    ("a token for all", rules.privileges, lambda o: pod(o).pop("automountServiceAccountToken"), "every container"),
    ("no resources", rules.privileges, lambda o: reconciler(o).pop("resources"), "resources"),
    ("an unknown option", options, lambda o: reconciler(o)["args"].append("--loop=expand"), "--loop"),
    ("an unknown variable", options, lambda o: node(o)["env"].append({"name": "HOLDFAST_X"}), "HOLDFAST_X"),
    ("an unknown command", options,
     lambda o: node(o)["livenessProbe"]["exec"].update(command=["holdfast", "ping"]), "ping"),
    ("an option of a hook", options,
     lambda o: node(o)["lifecycle"]["preStop"]["exec"]["command"].append("--foo"), "--foo"),
    ("another version", options, lambda o: node(o).update(image="localhost/holdfast:0.0.0"), "0.0.0"),
    ("another node", same, lambda o: node(o).update(image="x"), "differ"),
]

TEXTS = [
    ("a rule without its reason", "rules:\n  - apiGroups: [x]\n    verbs: [get]\n", "without its reason"),
    ("a rule for everything", "rules:\n  # all\n  - apiGroups: [x]\n    verbs: ['*']\n", "everything"),
]


def failures():
    for label, rule, change, word in ROWS:
        before = [str(fault) for fault in rule(BASE)]
        if before:
            yield f"{label}: told of without a mistake: {before}"
        objects = copy.deepcopy(BASE)
        change(objects)
        told = [str(fault) for fault in rule(objects)]
        if not any(word in fault for fault in told):
            yield f"{label}: not told of, only {told}"
    for label, text, word in TEXTS:
        if not any(word in fault for fault in rules.reasons(text)):
            yield f"{label}: not told of"
    try:
        load("a: 1\na: 2\n")
        yield "a key that stands twice is taken"
    except Mistake:
        pass


if __name__ == "__main__":
    found = list(failures())
    for failure in found:
        print(f"check-manifests: the check itself: {failure}", file=sys.stderr)
    sys.exit(1 if found else 0)
