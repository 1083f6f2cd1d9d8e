"""The guard of a cluster in registry.yaml: its mode, and where its messages send people. file.py reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from portal.mesh.guard.names import MODES


class ModeField(fields.String):
    """A mode of the guard; YAML reads a bare `off` as false, which is what it means."""

    def __init__(self, **more: Any) -> None:
        super().__init__(validate=validate.OneOf(MODES), **more)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        return "off" if value is False else super()._deserialize(value, attr, data, **more)


class GuardSchema(Schema):
    """`guard: {mode: warn, ask_at: https://meshdesk.example.com/new}`."""

    mode = ModeField(required=True)
    ask_at = fields.Url(schemes={"http", "https"}, require_tld=False, load_default=None)
