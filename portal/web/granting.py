"""Granting less than is asked, by a form: what of a ticket can be less, and what somebody left of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.datastructures import MultiDict

from portal.durations import format_duration
from portal.errors import Invalid
from portal.kinds.base import Part
from portal.kinds.registry import kind_named
from portal.wording import plain

Form = MultiDict[str, str]
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
LONGEST = len("999999")


@dataclass(frozen=True)
class Choice:
    """One entry of a list that can be left out, ticked where it is granted."""

    value: str
    words: str
    ticked: bool


@dataclass(frozen=True)
class Shrinking:
    """One field of which a part can be granted: `choices` of a list, or `text` of ports."""

    name: str
    words: str
    choices: tuple[Choice, ...] = ()
    text: str = ""


def shrinking(kind: str, fields: Mapping[str, Any], form: Form | None = None) -> list[Shrinking]:
    """The fields of a ticket of which less can be granted, as the form was left where there is one.

    A list of one entry and an empty list of ports cannot be less.
    """
    parts = kind_named(kind).shrinkable
    can = {name: part for name, part in parts.items() if len(fields[name]) > (0 if part is Part.PORTS else 1)}
    return [_shrinking(name, part, fields[name], form) for name, part in can.items()]


def unit_of(asked: timedelta | None) -> str:
    """The unit in which a time that is shorter than this is most likely told."""
    fitting = [unit for unit, length in UNITS.items() if asked is None or length * 2 <= asked]
    return fitting[-1] if fitting else next(iter(UNITS))


def _shrinking(name: str, part: Part, asked: Any, form: Form | None) -> Shrinking:
    if part is Part.PORTS:
        return Shrinking(name, f"{name.capitalize()} ports", text=form.get(f"grant.{name}", asked) if form else asked)
    left = form.getlist(f"grant.{name}") if form and f"whole.{name}" in form else None
    values = enumerate(map(plain, asked))
    choices = (Choice(str(index), words, left is None or str(index) in left) for index, words in values)
    return Shrinking(name, name.capitalize(), tuple(choices))


def grant_of(form: Form, kind: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The `grant` of a decision, as the API takes it, of what the form leaves; None: that is all. Raises Invalid."""
    less = {}
    for name, part in kind_named(kind).shrinkable.items():
        asked = fields[name]
        given = _ports(form, name, asked) if part is Part.PORTS else _entries(form, name, asked)
        if given != asked:
            less[name] = given
    duration = _duration(form)
    if not less and duration is None:
        return None
    return {"fields": less} | ({} if duration is None else {"duration": duration})


def _ports(form: Form, name: str, asked: str) -> str:
    return form.get(f"grant.{name}", asked).strip()


def _entries(form: Form, name: str, asked: Sequence[Any]) -> list[Any]:
    # Without this mark the form had no such list, which is not the same as a list of which nothing was left.
    if f"whole.{name}" not in form:
        return list(asked)
    left = set(form.getlist(f"grant.{name}"))
    return [one for index, one in enumerate(asked) if str(index) in left]


def _duration(form: Form) -> str | None:
    number, unit = form.get("grant.time", "").strip(), form.get("grant.unit", "hours")
    if not number:
        return None
    if not number.isascii() or not number.isdecimal() or len(number) > LONGEST or unit not in UNITS:
        raise Invalid({"grant.duration": ["Write the shorter time as a whole number of minutes, hours or days."]})
    return format_duration(int(number) * UNITS[unit])
