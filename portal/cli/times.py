"""Times and durations as people type and read them; the API itself speaks RFC 3339 and ISO 8601 only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from portal.durations import typed_duration
from portal.restart_window import DAYS


class DurationType(click.ParamType[timedelta]):
    """An option's value as timedelta; with `bare_seconds` a plain number counts seconds."""

    name = "duration"

    def __init__(self, *, bare_seconds: bool = False) -> None:
        self.bare_seconds = bare_seconds

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Parse it, or fail as a wrong call of the command."""
        if isinstance(value, timedelta):
            return value
        text = f"{value}s" if self.bare_seconds and str(value).isdecimal() else str(value)
        try:
            return typed_duration(text)
        except ValueError as error:
            self.fail(f"{error} Short ones like 30m, 1h30m or 7d will do as well.", param, ctx)


class InstantType(click.ParamType[str]):
    """An option's value as RFC 3339, given with its zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it, or fail as a wrong call of the command."""
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("Write a time as 2026-07-01T10:00:00Z.", param, ctx)
        if found.tzinfo is None:
            self.fail("Say of which zone this time is: 2026-07-01T10:00:00Z or 2026-07-01T12:00:00+02:00.", param, ctx)
        return found.isoformat()


class RestartWindowType(click.ParamType[dict[str, Any]]):
    """`22:00-04:00` or `mon-fri,sun 22:00-04:00` in UTC, as POST /tickets takes a restart window."""

    name = "restart window"
    _shape = re.compile(r"(?:(?P<days>[a-z,-]+)\s+)?(?P<begin>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, Any]:
        """Parse it, or fail as a wrong call of the command."""
        if isinstance(value, dict):
            return value
        found = self._shape.fullmatch(str(value).strip().lower())
        if found is None:
            self.fail("Write the hours in UTC, with days where not every day: 22:00-04:00, mon-fri 22:00-04:00.")
        days = (
            {}
            if found["days"] is None
            else {"days": [d for part in found["days"].split(",") for d in self._days(part)]}
        )
        return {**days, "from": found["begin"], "until": found["end"]}

    def _days(self, part: str) -> tuple[str, ...]:
        first, _, last = part.partition("-")
        if first not in DAYS or (last and last not in DAYS):
            self.fail(f"{part!r} is no day: use {', '.join(DAYS)}, or two of them like mon-fri.")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        return DAYS[begin : end + 1] if begin <= end else (*DAYS[begin:], *DAYS[: end + 1])


class LifetimeType(DurationType):
    """A duration or `never`, which stays that word."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse it, or fail as a wrong call of the command."""
        return value if str(value).lower() == "never" else super().convert(value, param, ctx)


def duration_option(*names: str, words: str, **more: Any) -> Callable[[Any], Any]:
    """An option that takes a duration."""
    return click.option(*names, **{"type": DurationType(), "metavar": "DURATION", "help": words, **more})


def left_until(text: str, now: datetime) -> timedelta:
    """How long it is until an instant of the API; negative once it has passed."""
    return datetime.fromisoformat(text).astimezone(UTC) - now
