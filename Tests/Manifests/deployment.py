"""Reads the folders of deploy/ as kustomize would.

They list resources and nothing else, so that what is read here is what is applied; any other field is refused.
"""

import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


class Mistake(Exception):
    """A sentence about a manifest that is not as it should be."""


class Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, which YAML's readers take the last of."""


def mapping(loader, node):
    seen = set()
    for key, _ in node.value:
        if key.value in seen:
            raise Mistake(f"{key.start_mark}: {key.value} stands twice")
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)


def load(text):
    return [document for document in yaml.load_all(text, Loader=Loader) if document]


def read(folder):
    """The objects of a kustomization, in their order, each with the file that it stands in."""
    (kustomization,) = load((folder / "kustomization.yaml").read_text())
    others = set(kustomization) - {"apiVersion", "kind", "resources"}
    if others:
        raise Mistake(f"{folder}: {', '.join(sorted(others))} would be applied, and is not read here")
    found = []
    for name in kustomization["resources"]:
        path = (folder / name).resolve()
        found += read(path) if path.is_dir() else [(path, each) for each in load(path.read_text())]
    return found


def key(each):
    return (each.get("kind"), each["metadata"].get("namespace"), each["metadata"].get("name"))


def name(each):
    return " ".join(str(part) for part in key(each) if part)


def of_kind(objects, *kinds):
    return [each for each in objects if each["kind"] in kinds]
