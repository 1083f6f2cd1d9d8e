"""Which approvals a ticket still needs and who may give them: pure counting over decisions and roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.hats import PERSON, is_named, words_of
from portal.models import Ticket


@dataclass(frozen=True)
class Need:
    """Approvals of one group: `count` asked, `met` given, `people` who may still give one."""

    group: str
    count: int
    met: int
    people: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many approvals of this group are still to come."""
        return self.count - self.met

    @property
    def words(self) -> str:
        """`one security partner (partner, partner2)`."""
        if self.group.startswith(PERSON):
            return words_of(self.group, 1) + ("" if self.people else " (who is not active)")
        nobody = "nobody of it has signed in yet" if is_named(self.group) else "nobody has this role yet"
        return f"{words_of(self.group, self.missing)} ({', '.join(self.people) or nobody})"


def met(approvals: Sequence[dict[str, Any]], decided: Sequence[frozenset[str]]) -> list[int]:
    """How many approvals of each group `decided` (one set of hats a decision) gives at best.

    One person counts for one group only: a rule that asks two groups asks two people.
    """
    matching = _Matching([index for index, approval in enumerate(approvals) for _ in range(approval["count"])])
    for person, roles in enumerate(decided):
        matching.choices[person] = {i for i, approval in enumerate(approvals) if approval["from"] in roles}
        matching.place(person, set())
    return [sum(matching.slots[slot] == index for slot in matching.filled) for index in range(len(approvals))]


class _Matching:
    """The largest matching of people to the slots of the groups, by augmenting paths."""

    def __init__(self, slots: list[int]) -> None:
        self.slots = slots
        self.choices: dict[int, set[int]] = {}
        self.filled: dict[int, int] = {}

    def place(self, person: int, tried: set[int]) -> bool:
        for slot, index in enumerate(self.slots):
            if slot in tried or index not in self.choices[person]:
                continue
            tried.add(slot)
            if slot not in self.filled or self.place(self.filled[slot], tried):
                self.filled[slot] = person
                return True
        return False


def given(ticket: Ticket) -> list[frozenset[str]]:
    """The hats behind each approval that the ticket has: roles, `group:NAME` and `person:NAME`."""
    return [frozenset(decision.roles) for decision in ticket.decisions if decision.decision == "approve"]


def complete(ticket: Ticket) -> bool:
    """True when nobody's approval is missing any more."""
    counts = met(ticket.approvals, given(ticket))
    return all(count >= approval["count"] for count, approval in zip(counts, ticket.approvals, strict=True))


def counts_for(ticket: Ticket, hats: frozenset[str]) -> bool:
    """True when the approval of somebody with these hats would bring the ticket nearer to approved."""
    before = given(ticket)
    return sum(met(ticket.approvals, [*before, hats])) > sum(met(ticket.approvals, before))


def needs(ticket: Ticket, people: Mapping[str, list[str]]) -> list[Need]:
    """What the ticket still waits for; `people` gives the names by role in its tenant, by group and by person."""
    out = _said_already(ticket)
    counts = met(ticket.approvals, given(ticket))
    able = {
        name: (hats, met(ticket.approvals, [*given(ticket), hats]))
        for name, hats in _hats(people).items()
        if name not in out and counts_for(ticket, hats)
    }
    found = []
    for index, approval in enumerate(ticket.approvals):
        group, missing = approval["from"], counts[index] < approval["count"]
        # Somebody of another group may fill this one's place, when an approval given for it counts there as well.
        names = [name for name, (hats, after) in able.items() if group in hats or after[index] > counts[index]]
        found.append(Need(group, approval["count"], counts[index], tuple(names) if missing else ()))
    return found


def _said_already(ticket: Ticket) -> set[str]:
    """Who asked or has decided, and where a service did, its owner."""
    hands = [ticket.requester, *(decision.person for decision in ticket.decisions)]
    return {person.name for one in hands for person in (one, one.owner) if person is not None}


def _hats(people: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    names = sorted({name for named in people.values() for name in named})
    return {name: frozenset(hat for hat, named in people.items() if name in named) for name in names}
