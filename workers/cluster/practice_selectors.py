"""Label selectors as text, as the API's labelSelector parameter has them; the practice cluster's listings ask. Pure."""

from __future__ import annotations

import re
from typing import Any

from portal.mesh.injection import selects
from workers.cluster import refusals

Object = dict[str, Any]

# A comma between requirements, not between the values of one.
_REQUIREMENT = re.compile(r"(?:[^,()]|\([^()]*\))+")
_KEY = r"(?P<key>[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?)"
_VALUE = r"[A-Za-z0-9._-]*"
_FORMS = (
    (re.compile(rf"{_KEY}\s*==?\s*(?P<values>{_VALUE})"), "In"),
    (re.compile(rf"{_KEY}\s*!=\s*(?P<values>{_VALUE})"), "NotIn"),
    (re.compile(rf"{_KEY}\s+in\s*\((?P<values>[^()]*)\)"), "In"),
    (re.compile(rf"{_KEY}\s+notin\s*\((?P<values>[^()]*)\)"), "NotIn"),
    (re.compile(rf"!\s*{_KEY}(?P<values>)"), "DoesNotExist"),
    (re.compile(rf"{_KEY}(?P<values>)"), "Exists"),
)


def selected(text: str, objects: list[Object]) -> list[Object]:
    """The objects whose labels the selector matches, all for an empty one; raises Refused when it cannot be read."""
    if not text.strip():
        return objects
    selector = {"matchExpressions": [_expression(part.strip()) for part in _parts(text)]}
    return [obj for obj in objects if selects(selector, obj["metadata"].get("labels") or {})]


def _parts(text: str) -> list[str]:
    parts = _REQUIREMENT.findall(text)
    if ",".join(parts) != text:
        raise refusals.invalid(f"unable to parse requirement: {text!r}")
    return parts


def _expression(text: str) -> Object:
    for form, operator in _FORMS:
        if found := form.fullmatch(text):
            values = [value.strip() for value in found["values"].split(",")]
            return {"key": found["key"], "operator": operator, "values": values}
    raise refusals.invalid(f"unable to parse requirement: {text!r}")
