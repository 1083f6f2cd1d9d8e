"""The field `workloads` of the kinds that act on workloads: what it loads, its notes, and the references it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from portal.mesh.workloads import WorkloadRef, unpatchable_reason

MOST_WORKLOADS = 50


class Strict(Schema):
    """A schema that refuses unknown fields."""

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Say in a sentence of our own that a field is missing."""
        field_obj.error_messages["required"] = "This is needed."


class WorkloadName(fields.String):
    """Loads `deployment/emoji`; refuses kinds that cannot be changed, with what to do instead.

    `refused` gives sentences for workload kinds (`cronjob`) that a kind of ticket does not take.
    """

    def __init__(self, refused: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.refused = refused or {}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs).strip()
        try:
            ref = WorkloadRef.parse(text, "")
        except ValueError as error:
            raise ValidationError(str(error)) from error
        instead = self.refused.get(ref.kind) or unpatchable_reason(ref.kind)
        if instead is not None:
            raise ValidationError(instead)
        return text


def workload_list(refused: Mapping[str, str] | None = None) -> fields.List[str]:
    """The field of 1 to 50 workloads of the namespace."""
    return fields.List(
        WorkloadName(refused),
        required=True,
        validate=validate.Length(1, MOST_WORKLOADS, error=f"Name 1 to {MOST_WORKLOADS} workloads."),
        metadata={"description": "The workloads of the namespace, like deployment/emoji."},
    )


class WorkloadsSchema(Strict):
    """A schema with a field `workloads`, in which each counts once."""

    workloads = workload_list()

    @post_load
    def _merge_duplicates(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "workloads": list(dict.fromkeys(data["workloads"]))}


def workload_refs(data: Mapping[str, Any], namespace: str | None) -> list[WorkloadRef]:
    """The workloads that loaded fields name."""
    return [WorkloadRef.parse(text, namespace or "") for text in data["workloads"]]


def workload_notes(raw: Mapping[str, Any]) -> list[str]:
    """What loading does to the workloads of `raw`, which must load, in sentences."""
    return named_twice([text.strip() for text in raw["workloads"]])


def named_twice(named: Sequence[str]) -> list[str]:
    """The note on names that stand in a list more than once; [] where none does."""
    twice = [text for text in dict.fromkeys(named) if named.count(text) > 1]
    return [f"{', '.join(twice)} was named more than once and counts once."] if twice else []
