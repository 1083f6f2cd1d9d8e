"""Values of the API as people read them in a line."""

from __future__ import annotations

from typing import Any

from portal.cli.times import in_words, parse_duration


def field_text(name: str, value: Any) -> tuple[str, str]:
    """A field of a kind and its value, for people."""
    if isinstance(value, dict):
        value = [f"{key.replace('_', ' ')}: {plain(one)}" for key, one in value.items()]
    return name.replace("_", " "), plain(value)


def plain(value: Any) -> str:
    """A value as a line: yes and no, lists by commas."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(plain(one) for one in value.values())
    return ", ".join(plain(one) for one in value) if isinstance(value, list) else str(value)


def time_text(duration: str | None) -> str:
    """A duration of the API, for people."""
    return "no end" if duration is None else in_words(parse_duration(duration))
