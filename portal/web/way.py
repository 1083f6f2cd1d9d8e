"""A ticket's way as its page draws it: asked, checked, approved, applied, active, undone, or another end. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portal.states import Outcome, State

BLOCKED = "The preflight found what blocks the change."


class Tone(StrEnum):
    """How a station is drawn; the value is read out with it."""

    DONE = "done"
    NOW = "now"
    FAILED = "failed"
    OVER = "it ended here"
    SKIPPED = "never reached"
    AHEAD = "to come"


PRESENT = (Tone.NOW, Tone.FAILED, Tone.OVER)


@dataclass(frozen=True)
class Station:
    """One station of the way: when it was reached, and of a failed one why."""

    word: str
    tone: Tone
    at: datetime | None = None
    sentence: str = ""


@dataclass(frozen=True)
class Walk:
    """Where a ticket is and has been: `clean` is what the preflight said (None: none yet), `was_active` whether the
    change was ever seen in use, `problem` what hinders it, `reached` when it came to each state."""

    state: State
    changes_cluster: bool = True
    clean: bool | None = None
    was_active: bool = False
    outcome: str | None = None
    problem: str = ""
    approved_as: str = "approved"
    awaits: str = "waits for approval"
    taken: bool = False
    reached: Mapping[str, datetime] = field(default_factory=dict)


def way(walk: Walk) -> list[Station]:
    """The stations in their order; exactly one is the present one, of which `current` tells the index."""
    asked = [Station("asked", Tone.DONE, walk.reached.get(State.PENDING))]
    if walk.state in (State.REJECTED, State.WITHDRAWN, State.LAPSED):
        return [*asked, *_left_behind(walk), _end(walk)]
    if not walk.changes_cluster:
        return [*asked, *_by_people(walk)]
    if walk.outcome == Outcome.FULFILLED:
        return [*asked, *_passed(walk), Station("fulfilled", Tone.OVER, walk.reached.get(State.CLOSED))]
    return [*asked, *_STATIONS[walk.state](walk)]


def current(stations: list[Station]) -> int:
    """The index of the present station: the last one that is now, failed or over."""
    return max(index for index, one in enumerate(stations) if one.tone in PRESENT)


def _station(walk: Walk, word: str, tone: Tone, state: State, sentence: str = "") -> Station:
    return Station(word, tone, walk.reached.get(state), sentence)


def _ahead(*words: str) -> list[Station]:
    return [Station(word, Tone.AHEAD) for word in words]


def _checked(walk: Walk, tone: Tone = Tone.DONE) -> Station:
    return Station("checked", tone, walk.reached.get("preflight"), BLOCKED if tone is Tone.FAILED else "")


def _passed(walk: Walk) -> list[Station]:
    return [_checked(walk), _station(walk, walk.approved_as, Tone.DONE, State.APPROVED)]


def _left_behind(walk: Walk) -> list[Station]:
    """What lies behind a ticket that ended before anything was written."""
    found = [] if walk.clean is None else [_checked(walk, Tone.DONE if walk.clean else Tone.FAILED)]
    if State.APPROVED in walk.reached:
        found.append(_station(walk, walk.approved_as, Tone.DONE, State.APPROVED))
    if State.FAILED in walk.reached:
        found.append(_station(walk, "applied", Tone.FAILED, State.FAILED, "Nothing was written."))
    return found


def _end(walk: Walk) -> Station:
    return _station(walk, walk.state.value, Tone.OVER, walk.state)


def _by_people(walk: Walk) -> list[Station]:
    if walk.state is State.PENDING:
        return [Station(walk.awaits, Tone.NOW), *_ahead("fulfilled")]
    approved = _station(walk, walk.approved_as, Tone.DONE, State.APPROVED)
    if walk.state is State.CLOSED:
        return [approved, _station(walk, "fulfilled", Tone.OVER, State.CLOSED)]
    return [approved, Station("being worked on" if walk.taken else "waits for an operator", Tone.NOW)]


def _pending(walk: Walk) -> list[Station]:
    left = _ahead("approved", "applied", "active", "undone")
    if walk.clean is None:
        return [Station("being checked", Tone.NOW), *left]
    if not walk.clean:
        return [_checked(walk, Tone.FAILED), *left]
    return [_checked(walk), Station(walk.awaits, Tone.NOW), *left[1:]]


def _approved(walk: Walk) -> list[Station]:
    checked, approved = _passed(walk)
    return [checked, Station(approved.word, Tone.NOW, approved.at), *_ahead("applied", "active", "undone")]


def _applying(walk: Walk) -> list[Station]:
    now = _station(walk, "being applied", Tone.NOW, State.APPLYING, walk.problem)
    return [*_passed(walk), now, *_ahead("active", "undone")]


def _active(walk: Walk) -> list[Station]:
    applied = _station(walk, "applied", Tone.DONE, State.APPLYING)
    return [*_passed(walk), applied, _station(walk, "active", Tone.NOW, State.ACTIVE), *_ahead("undone")]


def _failed(walk: Walk) -> list[Station]:
    failed = _station(walk, "applied", Tone.FAILED, State.FAILED, walk.problem)
    return [*_passed(walk), failed, *_ahead("active", "undone")]


def _was_open(walk: Walk) -> list[Station]:
    if walk.was_active:
        applied = _station(walk, "applied", Tone.DONE, State.APPLYING)
        return [*_passed(walk), applied, _station(walk, "active", Tone.DONE, State.ACTIVE)]
    broke = walk.outcome in (Outcome.FAILED, Outcome.TARGET_GONE)
    applied = Station("applied", Tone.FAILED if broke else Tone.SKIPPED)
    return [*_passed(walk), applied, Station("active", Tone.SKIPPED)]


def _reverting(walk: Walk) -> list[Station]:
    tone = Tone.FAILED if walk.problem else Tone.NOW
    return [*_was_open(walk), _station(walk, "being undone", tone, State.REVERTING, walk.problem)]


def _closed(walk: Walk) -> list[Station]:
    at = walk.reached.get(State.CLOSED)
    if walk.outcome == Outcome.UNPROVEN:
        sentence = "Its cluster is gone for good: nobody could read whether the change is."
        return [*_was_open(walk), Station("not proven undone", Tone.FAILED, at, sentence)]
    word = "replaced" if walk.outcome == Outcome.REPLACED else "undone"
    return [*_was_open(walk), Station(word, Tone.OVER, at)]


_STATIONS = {
    State.PENDING: _pending,
    State.APPROVED: _approved,
    State.APPLYING: _applying,
    State.ACTIVE: _active,
    State.FAILED: _failed,
    State.REVERTING: _reverting,
    State.CLOSED: _closed,
}
