"""marshmallow fields and validators that the API, the policy and the registry share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate

from portal.durations import format_duration, parse_duration

_LABEL = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z"
_LABEL_WORDS = "is not a name: use up to 63 of a-z, 0-9 and hyphens, none at either end."
dns_label = validate.Regexp(_LABEL, error="{input!r} " + _LABEL_WORDS)
"""The name of a cluster, a namespace, a tenant or a rule, as Kubernetes would take it."""

sign_in_name = validate.Regexp(
    r"^[a-z0-9]([a-z0-9._@-]{0,126}[a-z0-9])?\Z",
    error="{input!r} is not a sign-in name: use up to 128 of a-z, 0-9 and . _ @ -, a letter or digit at either end.",
)
"""The name of a person, as the registry and the identity provider may give it."""


group_name = validate.Regexp(
    r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,198}[^\s\x00-\x1f\x7f])?\Z",
    error="{input!r} is no name of a group: write 1 to 200 characters in one line, without spaces around them.",
)
"""The name of a group as the identity provider's `groups` claim says it."""


class Duration(fields.Field[timedelta]):
    """An ISO 8601 duration in weeks, days, hours, minutes and seconds, as a timedelta above zero."""

    default_error_messages = {"text": 'Write it as text in ISO 8601, like "PT30M".'}  # noqa: RUF012 - as marshmallow asks

    def __init__(self, *, metadata: dict[str, Any] | None = None, **more: Any) -> None:
        # OpenAPI knows a field that is no subclass of its own only by what the metadata says.
        super().__init__(metadata={"type": "string", "format": "duration", **(metadata or {})}, **more)

    def _serialize(self, value: timedelta | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else format_duration(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> timedelta:
        if not isinstance(value, str):
            raise self.make_error("text")
        try:
            return parse_duration(value)
        except ValueError as error:
            raise ValidationError(str(error)) from error


class Flag(fields.Boolean):
    """True or false and nothing that only looks like it: a quoted "false" is refused."""

    def __init__(self, **more: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **more)


class Several(fields.List[str]):
    """One or more texts: a single one may stand without its list; never empty."""

    default_error_messages = {"empty": "Name at least one, or leave it out to mean any."}  # noqa: RUF012 - as above

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        found: list[Any] = super()._deserialize([value] if isinstance(value, str) else value, attr, data, **kwargs)
        if not found:
            raise self.make_error("empty")
        return found
