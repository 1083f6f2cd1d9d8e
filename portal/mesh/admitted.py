"""What the API server answers to the very change, rehearsed: the difference to what is there, and what of it nobody
asked for. Preflight keeps it as evidence."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any

import yaml

from portal.mesh.annotations import MARK
from portal.mesh.workloads import template_path

Object = Mapping[str, Any]
_DUMPER: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# What changes with every write.
_BOOKKEEPING = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")
_MOST_LINES = 200


def admitted(before: Object, answer: Object, changes: Mapping[str, str | None]) -> dict[str, Any]:
    """{diff, also}: the answer against `before` as a unified diff of YAML, and the paths that differ besides `changes`
    of the template's annotations and our mark. JSON-safe."""
    old, new = _plain(before), _plain(answer)
    lines = list(difflib.unified_diff(_lines(old), _lines(new), "before", "after", lineterm="", n=2))
    kind = str(before.get("kind", "")).lower()
    asked = {(*template_path(kind), key) for key in changes} | {("metadata", "annotations", MARK)}
    also = sorted(".".join(path) for path in _differing(old, new) if path not in asked)
    return {"diff": "\n".join(lines[:_MOST_LINES]), "also": also}


def _plain(obj: Object) -> dict[str, Any]:
    found = {key: value for key, value in copy.deepcopy(dict(obj)).items() if key != "status"}
    found["metadata"] = {key: value for key, value in found.get("metadata", {}).items() if key not in _BOOKKEEPING}
    return found


def _lines(obj: Object) -> list[str]:
    text: str = yaml.dump(obj, Dumper=_DUMPER, sort_keys=True, width=1_000_000, allow_unicode=True)
    return text.splitlines()


def _differing(old: Any, new: Any, path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The paths of what differs; lists are compared as a whole, an absent map is an empty one."""
    if isinstance(old, dict | None) and isinstance(new, dict | None):
        found: set[tuple[str, ...]] = set()
        for key in (old or {}).keys() | (new or {}).keys():
            found |= _differing((old or {}).get(key), (new or {}).get(key), (*path, key))
        return found
    return set() if old == new else {path}
