"""How a ticket looks in a list and on its page: a word and a tone for its state, its end in words, red marks. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from portal.durations import in_words
from portal.queries.metrics import PROMISED
from portal.states import TERMINAL, Outcome, State

View = dict[str, Any]
INSTANT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) UTC")
OPEN = (State.APPLYING, State.ACTIVE)


@dataclass(frozen=True)
class Look:
    """`tone` is one of waiting, open, soon, late, over; `left` says until when, `marks` what is red about it."""

    word: str
    tone: str
    left: str
    marks: tuple[str, ...]


def look(view: View, now: datetime) -> Look:
    """The look of a ticket as `portal.api.views` shows it."""
    outcome = f" ({view['outcome']})" if view["outcome"] and view["state"] == State.CLOSED else ""
    return Look(f"{str(view['state']).capitalize()}{outcome}", _tone(view, now), _left(view, now), tuple(_marks(view)))


def _tone(view: View, now: datetime) -> str:
    if _past_its_end(view, now) or _not_undone(view, now):
        return "late"
    if view["state"] in OPEN:
        return "soon" if _last_tenth(view, now) else "open"
    return "over" if view["state"] in TERMINAL else "waiting"


def _past_its_end(view: View, now: datetime) -> bool:
    return view["state"] in OPEN and view["expires_at"] is not None and view["expires_at"] + PROMISED < now


def _not_undone(view: View, now: datetime) -> bool:
    hindered = view["state"] == State.REVERTING and view["problem"] is not None
    return hindered and view["ended_at"] + PROMISED < now


def _last_tenth(view: View, now: datetime) -> bool:
    end, lasts = view["expires_at"], view["duration"]
    return end is not None and lasts is not None and end - now <= lasts / 10


def _left(view: View, now: datetime) -> str:
    if view["state"] in OPEN:
        return _end(view, now)
    lapses = view["lapses_at"]
    return "" if lapses is None else f"lapses in {span(lapses - now)}"


def _end(view: View, now: datetime) -> str:
    end = view["expires_at"]
    if end is None:
        return "no end" if view["state"] == State.ACTIVE else ""
    return f"ends in {span(end - now)}" if end > now else f"past its end for {span(now - end)}"


def span(length: timedelta) -> str:
    """`2 h 5 min`: a length of time on a page."""
    # A page stands still: seconds would be wrong before they are read.
    minute = timedelta(minutes=1)
    return "less than a minute" if length < minute else in_words(length // minute * minute)


def timed(text: str) -> Markup:
    """A sentence of the server with its instants as elements, which browsers show in the zone of the reader."""
    parts = INSTANT.split(text)
    told = [Markup('<time datetime="{}T{}Z">{} {} UTC</time>').format(day, at, day, at) for day, at in _pairs(parts)]
    # Between the words stand the two parts of an instant.
    return Markup("").join(piece for pair in zip(parts[::3], [*told, ""], strict=True) for piece in map(escape, pair))


def _pairs(parts: list[str]) -> list[tuple[str, str]]:
    return list(zip(parts[1::3], parts[2::3], strict=True))


def _marks(view: View) -> list[str]:
    glass = view["break_glass"] and view["review"]["by"] is None
    unproven = view["outcome"] == Outcome.UNPROVEN
    return [*(["glass broken, no review yet"] if glass else []), *(["unproven"] if unproven else [])]
