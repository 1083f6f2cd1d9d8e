"""Values of the API as people read them in a line."""

from __future__ import annotations

from portal.durations import in_words, typed_duration


def time_text(duration: str | None) -> str:
    """A duration of the API, for people."""
    return "no end" if duration is None else in_words(typed_duration(duration))
