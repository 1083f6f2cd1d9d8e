"""The kinds of tickets that there are: one line each."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from portal.errors import Invalid
from portal.kinds.base import Kind
from portal.kinds.control_plane_egress import ControlPlaneEgress
from portal.kinds.debug_sidecar import DebugSidecar
from portal.kinds.encryption_exception import EncryptionException
from portal.kinds.generic import Generic
from portal.kinds.job_completion import JobCompletion
from portal.kinds.viz_enablement import VizEnablement

_ALL: tuple[Kind[Any], ...] = (
    EncryptionException(),
    DebugSidecar(),
    Generic(),
    ControlPlaneEgress(),
    VizEnablement(),
    JobCompletion(),
)
KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in _ALL}


def kind_named(name: str) -> Kind[Any]:
    """The kind of this name; raises Invalid (field `kind`) naming the known ones."""
    if name not in KINDS:
        raise Invalid({"kind": [f'There is no kind "{name}": choose {", ".join(sorted(KINDS))}.']})
    return KINDS[name]


def json_schema(kind: Kind[Any]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the fields of a kind, nested objects in place; unknown fields are refused."""
    # No name for a nested schema: apispec then writes it where it is used.
    plugin = MarshmallowPlugin(schema_name_resolver=lambda _: "")
    APISpec(kind.title, "1", "3.1.0", plugins=[plugin])
    if plugin.converter is None:
        raise RuntimeError("apispec has not initialised its marshmallow plugin.")
    made = plugin.converter.schema2jsonschema(kind.schema)  # type: ignore[no-untyped-call]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.title,
        "description": kind.summary,
        **made,
        "additionalProperties": False,
    }
