"""The kind `generic`: anything that no other kind asks for, answered by the platform's operators.

The registry holds it; everything else knows it as a Kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate

from portal.kinds.base import Fields, Kind, Scope, View
from portal.kinds.workloads_field import Strict
from portal.mesh.findings import Finding
from portal.mesh.workloads import WorkloadRef

LONGEST_TITLE, LONGEST_TEXT = 200, 4000


def _one_line(text: str) -> None:
    if len(text.splitlines()) > 1:
        raise ValidationError("Give one line: the rest belongs into the text.")


class Plain(fields.String):
    """Text of 1 to `most` characters once the space around it is taken off; kept as it is, never read as anything."""

    def __init__(self, most: int, *checks: Callable[[str], None], **more: Any) -> None:
        length = validate.Length(1, most, error=f"Give 1 to {most} characters.")
        super().__init__(required=True, validate=[length, *checks], **more)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()


class GenericSchema(Strict):
    """What the fields of a generic request must be."""

    title = Plain(
        LONGEST_TITLE, _one_line, metadata={"description": "What you need, in one line of at most 200 characters."}
    )
    text = Plain(LONGEST_TEXT, metadata={"description": "All that the operators must know, up to 4,000 characters."})


class Generic(Kind[View]):
    """A request that people carry out: nothing is written to a cluster by Meshdesk."""

    name = "generic"
    title = "Anything else"
    summary = (
        "Ask the platform's operators for what no other kind asks for. One of them takes it, answers, and marks it "
        "fulfilled or declined. Meshdesk changes nothing in a cluster for it, and takes nothing back."
    )
    costs = "Nothing restarts and nothing loses its encryption."
    needs = "A line that says what you need, and all that the operators must know."
    schema = GenericSchema()
    scope = Scope.ANYTHING
    has_cluster_change = False

    def targets(self, fields: Fields, namespace: str | None) -> list[WorkloadRef]:
        """None: no worker acts on it."""
        return []

    def routing_facts(self, fields: Fields, context: Sequence[View]) -> dict[str, Any]:
        """Nothing but the kind: it has no modes."""
        return {}

    def identity(self, fields: Fields) -> dict[str, Any]:
        """Title and text."""
        return {name: fields[name] for name in ("title", "text")}

    def checks(self, fields: Fields, views: Sequence[View]) -> list[Finding]:
        """Nothing: there is no preflight."""
        return []
