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
SPECIAL = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) UTC|`([^`\n]+)`")
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
    """A sentence of the server as HTML: instants that browsers show in the zone of the reader, and `commands`."""
    made, last = Markup(""), 0
    for found in SPECIAL.finditer(text):
        made += escape(text[last : found.start()]) + _element(found)
        last = found.end()
    return made + escape(text[last:])


def _element(found: re.Match[str]) -> Markup:
    day, at, command = found.groups()
    if command is not None:
        return Markup("<code>{}</code>").format(command)
    return Markup('<time datetime="{}T{}Z">{} {} UTC</time>').format(day, at, day, at)


def _marks(view: View) -> list[str]:
    glass = view["break_glass"] and view["review"]["by"] is None
    unproven = view["outcome"] == Outcome.UNPROVEN
    return [*(["glass broken, no review yet"] if glass else []), *(["unproven"] if unproven else [])]
