"""Whether an object still is what was written, and the patch that makes it so again. Reconcile asks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def contained(wanted: Any, there: Any) -> bool:
    """Whether everything of `wanted` is in `there`: an API server adds defaults to mappings, never to lists of them."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(contained(value, there.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(there, list) and len(there) == len(wanted)
        return same and all(contained(*pair) for pair in zip(wanted, there, strict=True))
    return bool(wanted == there)


def restoring(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch (RFC 7386) that makes `there` exactly `wanted`; {} when it is."""
    patch: dict[str, Any] = dict.fromkeys(there.keys() - wanted.keys())
    for key, value in wanted.items():
        before = there.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            # An emptied mapping stays where it is: null would take it out.
            if nested := restoring(value, before):
                patch[key] = nested
        elif value != before:
            patch[key] = value
    return patch
