"""The change of a pod template's annotations as people read it: preview, preflight and evidence show it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import yaml


def template_diff(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Both sets of annotations, and a unified diff of them as YAML ("" when nothing differs). JSON-safe."""
    lines = difflib.unified_diff(_yaml(before), _yaml(after), "before", "after", lineterm="")
    return {"before": dict(before), "after": dict(after), "unified": "\n".join(lines)}


def _yaml(annotations: Mapping[str, str]) -> list[str]:
    if not annotations:
        return []
    # One annotation a line, however long, so that a diff never shows half of a list.
    text: str = yaml.safe_dump(dict(annotations), sort_keys=True, default_flow_style=False, width=1_000_000)
    return text.splitlines()
