"""The restart window of a request, as clients send it and as answers show it."""

from __future__ import annotations

from datetime import time
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from portal.api.schema_base import NEEDED, Input
from portal.restart_window import DAYS, RestartWindow

_clock = validate.Regexp(r"^([01]\d|2[0-3]):[0-5]\d\Z", error="Write a time of the day in UTC, like 22:00.")


class RestartWindowSchema(Input):
    """The hours of the day, in UTC, in which the pods may restart when the change is applied."""

    days = fields.List(
        fields.String(validate=validate.OneOf(DAYS, error=f"Use some of {', '.join(DAYS)}.")),
        load_default=lambda: list(DAYS),
        validate=validate.Length(1, error="Name at least one day, or leave it out for every day."),
    )
    from_ = fields.String(data_key="from", required=True, validate=_clock, error_messages=NEEDED)
    until = fields.String(
        required=True,
        validate=_clock,
        error_messages=NEEDED,
        metadata={"description": "Where it is earlier than `from`, on the day after."},
    )

    @validates_schema
    def _lasts(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("from_") == data.get("until"):
            raise ValidationError("It ends when it begins: say two different times.", "until")

    @post_load
    def _window(self, data: dict[str, Any], **_: Any) -> RestartWindow:
        days = tuple(day for day in DAYS if day in data["days"])
        return RestartWindow(days, time.fromisoformat(data["from_"]), time.fromisoformat(data["until"]))
