"""The field `namespaces` of the kinds that act on several namespaces of one tenant: what it loads, and its notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, post_load, validate

from portal.kinds.workloads_field import Strict, named_twice

MOST_NAMESPACES = 50
_DNS_LABEL = validate.Regexp(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z", error='"{input}" is not the name of a namespace.')


class NamespacesSchema(Strict):
    """A schema with a field `namespaces`, in which each counts once."""

    namespaces = fields.List(
        fields.String(validate=_DNS_LABEL),
        required=True,
        validate=validate.Length(1, MOST_NAMESPACES, error=f"Name 1 to {MOST_NAMESPACES} namespaces."),
        metadata={"description": "Namespaces of one tenant on the cluster."},
    )

    @post_load
    def _merge_namespaces(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "namespaces": list(dict.fromkeys(data["namespaces"]))}


def namespace_notes(raw: Mapping[str, Any]) -> list[str]:
    """What loading does to the namespaces of `raw`, which must load, in sentences."""
    return named_twice(raw["namespaces"])
