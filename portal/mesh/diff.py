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
    """The objects that would be created by their names, and a unified diff of them from nothing, as YAML. JSON-safe."""
    text = "---\n".join(yaml.safe_dump(dict(one), sort_keys=False, width=1_000_000) for one in manifests)
    lines = difflib.unified_diff([], text.splitlines(), "before", "after", lineterm="")
    after = {str(ObjectRef.of(one)): dict(one) for one in manifests}
    return {"before": {}, "after": after, "unified": "\n".join(lines)}


def _yaml(annotations: Mapping[str, str]) -> list[str]:
    if not annotations:
        return []
    # One annotation a line, however long, so that a diff never shows half of a list.
    text: str = yaml.safe_dump(dict(annotations), sort_keys=True, default_flow_style=False, width=1_000_000)
    return text.splitlines()
