"""Checks deploy/; see scripts/check-manifests.

  check.py                      all of it
  check.py --compare NAME FILE  whether kustomize makes of deploy/NAME what is read here
"""

import re
import subprocess
import sys

import kubernetes_validate

import rules
from deployment import DEPLOY, ROOT, Mistake, load, name, read

# The oldest version that is meant, one in the middle that has VolumeAttributesClass as v1, and the newest that is known here.
VERSIONS = ["1.30", "1.34", kubernetes_validate.latest_version()]


def schema_faults(each, versions=VERSIONS):
    for version in versions:
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"{version}: {'.'.join(map(str, error.path))}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError as error:
            yield error.message


def help_of(program, cache={}):
    """What an executable of the debug build says about itself; None if there is none, or no such command."""
    words = tuple(program)
    if words not in cache:
        path = ROOT / ".build" / "debug" / words[0]
        if not path.exists():
            raise Mistake(f"{path} is not built; run swift build first")
        run = subprocess.run([path, *words[1:], "--help"], capture_output=True, text=True)
        cache[words] = run.stdout if run.returncode == 0 else None
    return cache[words]


def version():
    text = (ROOT / "Sources/Diagnostics/Version.swift").read_text()
    return re.search(r'static let current = "(.+)"', text).group(1)


def deployments():
    return {each: [o for _, o in read(DEPLOY / each)] for each in ("base", "standard-sidecars", "example")}


def faults():
    """All of them, each with the place where it is."""
    for path in sorted(DEPLOY.rglob("*.yaml")):
        where = path.relative_to(ROOT)
        text = path.read_text()
        for fault in rules.reasons(text):
            yield f"{where}: {fault}"
        if path.name == "kustomization.yaml":
            continue
        for each in load(text):
            for fault in schema_faults(each):
                yield f"{where}: {name(each)}: {fault}"
    found = deployments()
    reached = {path for folder in found for path, _ in read(DEPLOY / folder)}
    for path in DEPLOY.rglob("*.yaml"):
        # Applied by itself, as it says.
        if path not in reached and path.name not in ("kustomization.yaml", "secret-reader.yaml"):
            yield f"{path.relative_to(ROOT)}: no kustomization has it"
    for folder, objects in found.items():
        checks = [rules.unique, rules.references, rules.volumes, rules.privileges]
        for fault in [f for check in checks for f in check(objects)] + list(
            rules.options(objects, version(), help_of)
        ):
            # The example is fitted to the classes of the deployment that it is applied beside.
            yield f"deploy/{folder}: {fault}"
    yield from rules.same_node(found["base"], found["standard-sidecars"])
    classes = {each["metadata"]["name"] for each in found["base"] if each["kind"] == "StorageClass"}
    claims = {each["metadata"]["name"]: each for each in found["example"] if each["kind"] == "PersistentVolumeClaim"}
    for claim in claims.values():
        if claim["spec"]["storageClassName"] not in classes:
            yield f"deploy/example: {name(claim)} is of a class that there is not"


def compare(folder, path):
    with open(path) as file:
        made = sorted(load(file.read()), key=name)
    listed = sorted((each for _, each in read(DEPLOY / folder)), key=name)
    if made != listed:
        yield f"deploy/{folder}: kustomize makes something else of it than is checked here"


if __name__ == "__main__":
    try:
        found = list(compare(*sys.argv[2:]) if sys.argv[1:2] == ["--compare"] else faults())
    except Mistake as mistake:
        found = [str(mistake)]
    for fault in found:
        print(f"check-manifests: {fault}", file=sys.stderr)
    sys.exit(1 if found else 0)
