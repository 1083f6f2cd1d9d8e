"""Corrected manifests as people download them: YAML, without the literal values of environment variables.

Workers make them of what they read, and Meshdesk keeps them with the ticket, so no value that may be a password is in
them. Kubernetes refuses a manifest in which such a value is still missing; `completed` puts the values back, on the
machine of somebody who may read the Job.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from portal.mesh.job_manifests import Corrected, cleaned
from portal.mesh.workloads import WorkloadRef, template_of

Object = dict[str, Any]

# No key of a Secret may have spaces or a colon, so whoever forgets to fill a value in is told by the API server.
MISSING: Object = {"secretKeyRef": {"name": "withheld", "key": "withheld: write the value of this variable here"}}
_GROUPS = ("containers", "initContainers")


class _Readable(yaml.SafeDumper):
    """Scripts as blocks of lines, not as one quoted line."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)


def as_yaml(manifest: Mapping[str, Any]) -> str:
    """The manifest as a YAML document, in the order of its fields."""
    return yaml.dump(dict(manifest), Dumper=_Readable, sort_keys=False, width=1_000_000, allow_unicode=True)


def download(obj: Mapping[str, Any], corrected: Corrected) -> Object:
    """What is kept of a corrected manifest: {name, text, notes, withheld, unified}; JSON-safe.

    `withheld` names the variables whose values are missing, `unified` is the difference from `obj` as it is now.
    """
    manifest, names = withheld(corrected.manifest)
    before, _ = withheld(cleaned(obj))
    ref, text = WorkloadRef.of(obj), as_yaml(manifest)
    lines = difflib.unified_diff(as_yaml(before).splitlines(), text.splitlines(), "before", "after", lineterm="")
    return {
        "name": f"{ref.kind}-{ref.name}.yaml",
        "text": text,
        "notes": [*corrected.notes, *_told(names)],
        "withheld": names,
        "unified": "\n".join(lines),
    }


def _told(names: list[str]) -> Iterator[str]:
    if names:
        yield (
            f"The values of {', '.join(names)} are missing here, because Meshdesk keeps no values of variables: fill "
            "them in, or have `meshdesk manifests --from` take them from the Job as kubectl shows it."
        )


def commented(workload: str, found: Mapping[str, Any]) -> str:
    """A manifest as a file: the YAML of one of `download` under its notes, which are comments."""
    return "".join(f"# {line}\n" for line in [workload, *found["notes"]]) + str(found["text"])


def withheld(manifest: Mapping[str, Any]) -> tuple[Object, list[str]]:
    """A copy in which each literal value of a variable is replaced by MISSING, and which they are (`app: TOKEN`)."""
    made, names = copy.deepcopy(dict(manifest)), []
    for container, variable in _variables(made):
        if variable.get("value"):
            del variable["value"]
            variable["valueFrom"] = copy.deepcopy(MISSING)
            names.append(f"{container}: {variable['name']}")
    return made, names


def completed(manifest: Mapping[str, Any], source: Mapping[str, Any]) -> Object:
    """A copy of the manifest with the missing values as `source`, the whole object, has them.

    Raises ValueError when `source` is another workload or lacks one of them.
    """
    if WorkloadRef.of(manifest) != WorkloadRef.of(source):
        raise ValueError(f"{WorkloadRef.of(source)} is not {WorkloadRef.of(manifest)} of the same namespace.")
    made = copy.deepcopy(dict(manifest))
    known = {(name, one["name"]): one for name, one in _variables(source)}
    for container, variable in _variables(made):
        if variable.get("valueFrom") == MISSING:
            found = known.get((container, variable["name"]), {}).get("value")
            if found is None:
                raise ValueError(f"{WorkloadRef.of(source)} has no value of {variable['name']} in {container} now.")
            del variable["valueFrom"]
            variable["value"] = found
    return made


def _variables(obj: Mapping[str, Any]) -> Iterator[tuple[str, Object]]:
    spec = template_of(obj).get("spec") or {}
    for group in _GROUPS:
        for container in spec.get(group) or []:
            for variable in container.get("env") or []:
                yield container["name"], variable
