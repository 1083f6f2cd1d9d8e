"""Which approvals a ticket still needs and who may give them: pure counting over decisions and roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.models import Role, Ticket
from portal.queries.deciders import Deciders

# Who counts where a group has too few people left to decide, in this order; a rule may name others.
FALLBACK = (Role.OWNER.value, Role.OPERATOR.value)


@dataclass(frozen=True)
class Fallback:
    """The group that counts in the place of one that has too few people left, and who of it may decide."""

    group: str
    people: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Need:
    """Approvals of one group: `count` asked, `met` given, `people` who may still give one."""

    group: str
    count: int
    met: int
    people: tuple[str, ...] = ()
    fallback: Fallback | None = None

    @property
    def missing(self) -> int:
        """How many approvals of this group are still to come."""
        return self.count - self.met

    @property
    def everybody(self) -> tuple[str, ...]:
        """All who may give one, those of the fallback group too."""
        return (*self.people, *(self.fallback.people if self.fallback else ()))

    @property
    def words(self) -> str:
        """`one security partner (partner, partner2)`."""
        number = "one" if self.missing == 1 else str(self.missing)
        group = group_words(self.group) + ("" if self.missing == 1 else "s")
        if self.fallback is None:
            return f"{number} {group} ({', '.join(self.people) or 'nobody has this role yet'})"
        told = [", ".join(self.people), f"{self.fallback.why}: {', '.join(self.fallback.people)}"]
        return f"{number} {group} ({'; '.join(filter(None, told))})"


def group_words(group: str) -> str:
    """A group as a sentence says it: `security partner`."""
    return group.replace("-", " ")


def met(approvals: Sequence[dict[str, Any]], decided: Sequence[frozenset[str]]) -> list[int]:
    """How many approvals of each group `decided` (one set of roles a decision) gives at best.

    One person counts for one group only: a rule that asks two groups asks two people.
    """
    matching = _Matching([index for index, approval in enumerate(approvals) for _ in range(approval["count"])])
    for person, roles in enumerate(decided):
        matching.choices[person] = {i for i, approval in enumerate(approvals) if approval["from"] in roles}
        matching.place(person, set())
    return [sum(matching.slots[slot] == index for slot in matching.filled) for index in range(len(approvals))]


def stricter(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The approvals that meet both rules: every group of either, as many people as the one that asks more."""
    found = {approval["from"]: dict(approval) for approval in before}
    for approval in now:
        known = found.setdefault(approval["from"], dict(approval))
        known["count"] = max(known["count"], approval["count"])
    return list(found.values())


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
    """What stands behind each approval that the ticket has: the roles, and the group in whose place it counts."""
    approved = [decision for decision in ticket.decisions if decision.decision == "approve"]
    return [frozenset([*one.roles, *([one.fallback_for] if one.fallback_for else [])]) for one in approved]


def complete(ticket: Ticket) -> bool:
    """True when nobody's approval is missing any more."""
    counts = met(ticket.approvals, given(ticket))
    return all(count >= approval["count"] for count, approval in zip(counts, ticket.approvals, strict=True))


@dataclass(frozen=True)
class Vote:
    """What is asked, what was given, and whose voices are spent: the requester's and those of the decisions."""

    approvals: Sequence[dict[str, Any]]
    given: tuple[frozenset[str], ...] = ()
    spent: frozenset[str] = frozenset()

    @classmethod
    def on(cls, ticket: Ticket, deciders: Deciders) -> Vote:
        """The vote on a ticket so far."""
        people = [ticket.requester]
        for decision in ticket.decisions:
            people += [decision.person, *([decision.stood_in_for] if decision.stood_in_for else [])]
        return cls(ticket.approvals, tuple(given(ticket)), frozenset(deciders.voice(one.name) for one in people))

    def counts(self, more: Iterable[frozenset[str]] = ()) -> list[int]:
        """How many approvals of each group there would be with these besides."""
        return met(self.approvals, [*self.given, *more])

    def helps(self, roles: frozenset[str]) -> bool:
        """True when one more approval with these roles brings it nearer."""
        return sum(self.counts([roles])) > sum(self.counts())


def needs(vote: Vote, deciders: Deciders) -> list[Need]:
    """What the vote still waits for, group by group, and who may give it."""
    counts, instead = vote.counts(), fallbacks(vote, deciders)
    groups = _able(vote, deciders)
    able = {name: vote.counts([roles]) for name, roles in groups.items() if vote.helps(roles)}
    found = []
    for index, approval in enumerate(vote.approvals):
        group, missing = approval["from"], counts[index] < approval["count"]
        # Somebody of another group may fill this one's place, when an approval given for it counts there as well.
        names = [name for name, after in able.items() if group in groups[name] or after[index] > counts[index]]
        fallback = instead.get(index) if missing else None
        found.append(Need(group, approval["count"], counts[index], tuple(names) if missing else (), fallback))
    return found


def fallbacks(vote: Vote, deciders: Deciders) -> dict[int, Fallback]:
    """The approvals (by index) that too few people are left to give, and the group that counts for them meanwhile.

    The first of the rule's fallback groups of which somebody is left whom no other approval needs.
    """
    left, able = _voices(vote, deciders), _able(vote, deciders)
    counts, found = vote.counts(left.values()), {}
    for index, approval in enumerate(vote.approvals):
        if counts[index] >= approval["count"]:
            continue
        for group in approval.get("fallback") or FALLBACK:
            if sum(vote.counts(_as_well(left, group, approval["from"]))) > sum(counts):
                people = tuple(name for name, roles in able.items() if group in roles)
                some = any(approval["from"] in roles for roles in able.values())
                found[index] = Fallback(group, people, _why(approval["from"], group, some=some))
                break
    return found


def _as_well(left: Mapping[str, frozenset[str]], group: str, instead_of: str) -> list[frozenset[str]]:
    return [roles | {instead_of} if group in roles else roles for roles in left.values()]


def _why(group: str, instead: str, *, some: bool) -> str:
    if some:
        return f"too few {group_words(group)}s are left who may decide, so a {group_words(instead)} counts as well"
    return f"no {group_words(group)} is left who may decide, so a {group_words(instead)} counts"


def _able(vote: Vote, deciders: Deciders) -> dict[str, frozenset[str]]:
    """Everybody who may still say a word, by name, with the roles that they may say it with."""
    found = {
        name: roles for name, roles in groups_of(deciders.people).items() if deciders.voice(name) not in vote.spent
    }
    for one in deciders.stand_ins:
        if not {deciders.voice(one.name), deciders.voice(one.in_place_of)} & vote.spent:
            found[one.name] = found.get(one.name, frozenset()) | one.roles
    return dict(sorted(found.items()))


def _voices(vote: Vote, deciders: Deciders) -> dict[str, frozenset[str]]:
    """The voices that are left. Who stands in for somebody has that one's voice, so it is none besides."""
    found: dict[str, frozenset[str]] = {}
    for name, roles in groups_of(deciders.people).items():
        voice = deciders.voice(name)
        if voice not in vote.spent:
            found[voice] = found.get(voice, frozenset()) | roles
    return found


def groups_of(people: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """The groups of each person, by name in order."""
    names = sorted({name for named in people.values() for name in named})
    return {name: frozenset(group for group, named in people.items() if name in named) for name in names}
