"""Which approvals a ticket still needs and who may give them: pure counting over decisions and roles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.models import Decision, Role, Ticket


@dataclass(frozen=True)
class Need:
    """Approvals of one group: `count` asked, `met` given, `people` who may still give one."""

    group: Role
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
        number = "one" if self.missing == 1 else str(self.missing)
        group = str(self.group).replace("-", " ") + ("" if self.missing == 1 else "s")
        return f"{number} {group} ({', '.join(self.people) or 'nobody has this role yet'})"


def met(approvals: Sequence[dict[str, Any]], decided: Sequence[frozenset[Role]]) -> list[int]:
    """How many approvals of each group `decided` (one set of roles a decision) gives at best.

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


def given(ticket: Ticket) -> list[frozenset[Role]]:
    """The roles behind each approval that the ticket has and that still counts."""
    approved = [decision for decision in counting(ticket) if decision.decision == "approve"]
    return [frozenset(Role(role) for role in decision.roles) for decision in approved]


def counting(ticket: Ticket) -> list[Decision]:
    """The decisions that count: those of people who lost the role that they decided by stay on record only."""
    return [decision for decision in ticket.decisions if decision.void_reason is None]


def complete(ticket: Ticket) -> bool:
    """True when nobody's approval is missing any more."""
    counts = met(ticket.approvals, given(ticket))
    return all(count >= approval["count"] for count, approval in zip(counts, ticket.approvals, strict=True))


def counts_for(ticket: Ticket, roles: frozenset[Role]) -> bool:
    """True when the approval of somebody with these roles would bring the ticket nearer to approved."""
    before = given(ticket)
    return sum(met(ticket.approvals, [*before, roles])) > sum(met(ticket.approvals, before))


def needs(ticket: Ticket, people: dict[Role, list[str]]) -> list[Need]:
    """What the ticket still waits for; `people` gives the names that hold each group's role in its tenant."""
    out = {decision.person.name for decision in counting(ticket)} | own_names(ticket)
    counts = met(ticket.approvals, given(ticket))
    able = {
        name: (roles, met(ticket.approvals, [*given(ticket), roles]))
        for name, roles in _roles(people).items()
        if name not in out and counts_for(ticket, roles)
    }
    found = []
    for index, approval in enumerate(ticket.approvals):
        group, missing = Role(approval["from"]), counts[index] < approval["count"]
        # Somebody of another group may fill this one's place, when an approval given for it counts there as well.
        names = [name for name, (roles, after) in able.items() if group in roles or after[index] > counts[index]]
        found.append(Need(group, approval["count"], counts[index], tuple(names) if missing else ()))
    return found


def own_names(ticket: Ticket) -> set[str]:
    """Whose own ticket it is: who answers for it, and who asked for it."""
    return {person.name for person in (ticket.requester, ticket.asked_by) if person is not None}


def can_be_met(ticket: Ticket, people: dict[Role, list[str]], *, without: str | None = None) -> bool:
    """True when `people`, who must not decide on their own ticket and perhaps not as `without`, can meet its rule."""
    out = {decision.person.name for decision in counting(ticket)} | own_names(ticket) | {without}
    more = [roles for name, roles in _roles(people).items() if name not in out]
    counts = met(ticket.approvals, [*given(ticket), *more])
    return all(count >= approval["count"] for count, approval in zip(counts, ticket.approvals, strict=True))


def _roles(people: dict[Role, list[str]]) -> dict[str, frozenset[Role]]:
    names = sorted({name for named in people.values() for name in named})
    return {name: frozenset(role for role, named in people.items() if name in named) for name in names}
