"""Durations as ISO 8601 writes them and as people read them; the policy, the API and every sentence use these.

Only weeks, days, hours, minutes and seconds: a month or a year has no length until one knows where it starts.
"""

from __future__ import annotations

import re
from datetime import timedelta

import isodate

LONGEST = timedelta(days=36_500)
"""Anything longer is a typing error, and would end after the last instant that a clock can show."""
_EXAMPLES = "PT30M (30 minutes), PT4H (4 hours) or P14D (14 days)"
_SHORT = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_SHORT_UNITS = ("weeks", "days", "hours", "minutes", "seconds")
_CALENDAR = re.compile(r"P[^T]*[MY]|P\d{4}-")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def parse_duration(text: str) -> timedelta:
    """The duration that ISO 8601 text means: whole seconds, above zero, at most 36,500 days.

    Raises ValueError with a sentence, also for months and years.
    """
    if text.startswith("-"):
        raise ValueError(f"{text!r} is negative: a duration is above zero, like {_EXAMPLES}.")
    if _CALENDAR.match(text):
        raise ValueError(f"{text!r} counts months or years, which differ in length: write weeks or days, like P30D.")
    found = _read(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration{_meant(text)}: write it as ISO 8601, like {_EXAMPLES}.")
    if found == timedelta(0):
        raise ValueError(f"{text!r} is no time at all: a duration is above zero, like {_EXAMPLES}.")
    if found.microseconds:
        raise ValueError(f"{text!r} has parts of a second: write whole seconds.")
    if found > LONGEST:
        raise ValueError(f"{text!r} is longer than a hundred years: write less.")
    return found


def typed_duration(text: str) -> timedelta:
    """A duration as people type it: `1h30m`, or what `parse_duration` takes; raises ValueError with a sentence."""
    found = _SHORT.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        return parse_duration(text.strip().upper())
    try:
        return timedelta(**{unit: int(n) for unit, n in zip(_SHORT_UNITS, found.groups(), strict=True) if n})
    except OverflowError as error:
        raise ValueError("This is longer than can be counted.") from error


def _read(text: str) -> timedelta | None:
    try:
        found = isodate.parse_duration(text)
    except isodate.ISO8601Error:
        return None
    except OverflowError:
        return timedelta.max - timedelta(microseconds=timedelta.max.microseconds)
    # isodate also takes "P1DT", which counts nothing after its last letter, and a line's end after the text.
    return found if isinstance(found, timedelta) and text.endswith(("W", "D", "H", "M", "S")) else None


def _meant(text: str) -> str:
    better = text.strip().upper()
    return f" (did you mean {better!r}?)" if better != text and _read(better) else ""


def format_duration(duration: timedelta) -> str:
    """The ISO 8601 text of a duration in days, hours, minutes and seconds: `PT30M`, `P1DT12H`."""
    return str(isodate.duration_isoformat(duration)) if duration else "PT0S"


def words(duration: timedelta) -> str:
    """A duration as people say it: `30 minutes`, `1 day 12 hours`; parts of a second are left out."""
    rest, parts = int(duration.total_seconds()), []
    for unit, size in _UNITS:
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def in_words(span: timedelta) -> str:
    """`2 h 5 min`, `45 s`: the two largest units, for people."""
    rest = max(int(span.total_seconds()), 0)
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, rest = divmod(rest, size)
        if number or (unit == "s" and not parts):
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2])
