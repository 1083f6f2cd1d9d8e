"""What happened to a ticket, as its page tells it: each event in words, steps of machines put together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from portal.access.actor import CLOCK, POLICY, REGISTRY, WORKER
from portal.event_words import said_in
from portal.models import Event

MACHINES = frozenset(actor.name for actor in (CLOCK, POLICY, REGISTRY, WORKER))
WORDS = {
    "ticket:submitted": "asked for it",
    "ticket:approved": "it is approved",
    "ticket:applying": "began to apply it",
    "ticket:active": "it is active: the cluster shows it in use",
    "ticket:reverting": "it ends, and is being undone",
    "ticket:closed": "it is closed",
    "ticket:failed": "it failed before anything was written",
    "ticket:rejected": "it is rejected",
    "ticket:withdrawn": "it is withdrawn",
    "ticket:lapsed": "it lapsed",
    "ticket:break-glass": "broke the glass",
    "ticket:trimmed": "granted less than was asked",
    "ticket:rerouted": "routed it again",
    "ticket:handed-over": "it was handed over",
    "decision:approve": "approved",
    "decision:reject": "rejected",
    "decision:void": "a decision counts no longer",
    "comment:added": "said",
    "question:asked": "asked, and holds the ticket until it is answered",
    "question:answered": "answered",
    "evidence:preflight": "looked at the cluster before the change",
    "evidence:probe": "tried whether the application encrypts",
    "evidence:before": "noted what the pods were before the change",
    "evidence:applied": "saw the change in use",
    "evidence:undone": "saw what became of it when it was taken back",
    "preflight:asked": "asked for the preflight again",
    "window:opened": "opened the window, just before the first write",
    "window:ending-soon": "reminded that the window ends soon",
    "work:hindered": "was hindered",
    "rollout:stalled": "saw that the rollout does not go on",
    "rollout:resumed": "saw that the rollout goes on",
    "work:retried": "had it tried again",
    "work:reapplied": "had it written again",
    "work:taken": "works on it",
    "drift:suspended": "saw that somebody removed what it wrote",
    "drift:mended": "saw that it is as it should be again",
    "undo:late": "could not undo it in time",
    "deciders:reminded": "reminded those who decide",
    "recertification:due": "asked whether it may stay open",
    "recertification:given": "said that it may stay open",
    "recertification:missed": "nobody said that it may stay open",
    "review:due": "reminded of the review",
    "review:answered": "reviewed the broken glass",
}
TURNS = frozenset(
    {
        *("ticket:approved", "ticket:active", "ticket:reverting", "ticket:closed", "ticket:failed", "ticket:lapsed"),
        *("drift:suspended", "undo:late", "rollout:stalled"),
    }
)
"""What machines do and people look for: never put away."""


@dataclass(frozen=True)
class Told:
    """One event for people: `spoken` is what somebody said to others, `became` what the ticket came to, `question`
    the number of a question."""

    number: int
    at: datetime
    who: str
    words: str
    said: str = ""
    spoken: bool = False
    became: bool = False
    question: int | None = None


@dataclass(frozen=True)
class Chapter:
    """Events that belong together: `machine` are steps of workers that nobody needs to read to follow."""

    machine: bool
    events: list[Told] = field(default_factory=list)


def story(events: Sequence[Event]) -> list[Chapter]:
    """The events in their order, steps of machines that follow each other put together."""
    return [
        Chapter(machine, [_told(one) for one in group])
        for machine, group in groupby(events, key=_is_a_step_of_machines)
    ]


def _is_a_step_of_machines(event: Event) -> bool:
    return event.actor in MACHINES and event.type not in TURNS


def _told(event: Event) -> Told:
    payload: dict[str, Any] = event.payload or {}
    words = WORDS.get(event.type, event.type.replace(":", " ").replace("-", " "))
    spoken = event.type.startswith(("comment:", "question:"))
    question = payload.get("question") if event.type == "question:asked" else None
    became = words.startswith(("it ", "nobody ", "a decision "))
    return Told(event.number, event.happened_at, event.actor, words, said_in(payload), spoken, became, question)
