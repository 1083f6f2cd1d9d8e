"""A change as people read it, of a pod template's annotations or of whole objects: previews and evidence show it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from portal.mesh.objects import ObjectRef


def template_diff(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Both sets of annotations, and a unified diff of them as YAML ("" when nothing differs). JSON-safe."""
    lines = difflib.unified_diff(_yaml(before), _yaml(after), "before", "after", lineterm="")
    return {"before": dict(before), "after": dict(after), "unified": "\n".join(lines)}


def created_diff(manifests: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The objects that would be created by their names, and a unified diff of them from nothing. JSON-safe.

    A manifest is shown as YAML, one that gives only the name of its object as a line with that name.
    """
    after = {str(ObjectRef.of(one)): dict(one) for one in manifests}
    lines = [line for name, one in after.items() for line in ([name] if _is_name(one) else ["---", *_lines(one)])]
    diff = difflib.unified_diff([], lines, "before", "after", lineterm="")
    return {"before": {}, "after": after, "unified": "\n".join(diff)}


def _is_name(manifest: Mapping[str, Any]) -> bool:
    return manifest.keys() == {"apiVersion", "kind", "metadata"} and manifest["metadata"].keys() <= {
        "name",
        "namespace",
    }


def _lines(manifest: Mapping[str, Any]) -> list[str]:
    text: str = yaml.safe_dump(dict(manifest), sort_keys=False, width=1_000_000)
    return text.splitlines()


def _yaml(annotations: Mapping[str, str]) -> list[str]:
    if not annotations:
        return []
    # One annotation a line, however long, so that a diff never shows half of a list.
    text: str = yaml.safe_dump(dict(annotations), sort_keys=True, default_flow_style=False, width=1_000_000)
    return text.splitlines()
