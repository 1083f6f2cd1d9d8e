"""What the schemas of the API share: strictness, sentences instead of marshmallow's words, and times as RFC 3339."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

NEEDED: dict[str, Any] = {"required": "This is needed.", "null": "This may not be null."}
NAME = validate.Length(min=1, max=253, error="Give 1 to 253 characters.")


class Input(Schema):
    """What clients send: unknown fields are refused."""

    error_messages = {  # noqa: RUF012 - as marshmallow asks
        "unknown": "There is no such field: leave it out.",
        "type": "Send a JSON object.",
    }

    class Meta:
        unknown = RAISE


class Output(Schema):
    """What we answer."""

    class Meta:
        unknown = EXCLUDE


class Instant(fields.DateTime):
    """An instant in UTC as RFC 3339 with Z, to the microsecond."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)


class Words(fields.String):
    """Text of 1 to 4000 characters once the space around it is taken off."""

    def __init__(self, **options: Any) -> None:
        length = validate.Length(min=1, max=4000, error="Give 1 to 4000 characters.")
        super().__init__(**{"validate": length, **options})

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        return str(super()._deserialize(value, attr, data, **kwargs)).strip()


class Moment(fields.Field[datetime]):
    """An instant as RFC 3339, or a day in UTC: that is its beginning, or its end where it counts as a whole."""

    default_error_messages = {"moment": 'Write a day like "2026-07-01", or RFC 3339 with an offset.'}  # noqa: RUF012 - as marshmallow asks

    def __init__(self, *, whole_day: bool = False, metadata: dict[str, Any] | None = None, **more: Any) -> None:
        super().__init__(metadata={"type": "string", **(metadata or {})}, **more)
        self.whole_day = whole_day

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            found = datetime.fromisoformat(value)
            if len(value) == len("2026-07-01"):
                return found.replace(tzinfo=UTC) + timedelta(days=1 if self.whole_day else 0)
            return found.astimezone(UTC) if found.tzinfo else self._refuse()
        except (TypeError, ValueError, OverflowError) as error:
            raise self.make_error("moment") from error

    def _refuse(self) -> NoReturn:
        raise self.make_error("moment")


def rfc3339(at: datetime) -> str:
    """An aware instant as 2026-07-01T10:00:00.000000Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
