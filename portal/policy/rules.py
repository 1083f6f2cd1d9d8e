"""What a policy is once it is read: rules in their order, each with what it matches and where it routes to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

from portal.policy.vocabulary import Facts


@dataclass(frozen=True)
class Approval:
    """How many people of one group must approve."""

    from_: str
    count: int = 1


@dataclass(frozen=True)
class BreakGlass:
    """Whether somebody may go first and be reviewed afterwards: for how long, by which group, within which time."""

    allowed: bool
    longest: timedelta | None = None
    review: str | None = None
    review_within: timedelta = timedelta(days=3)


@dataclass(frozen=True)
class Route:
    """What a rule asks of a ticket: all approvals, or none when automatic; `longest` None means no limit.

    `fallback` names the groups that count, in their order, where nobody of an approving group is left; None: as the
    product has it. A ticket on which nobody says a word for `lapses_after` is over; deciders are reminded so long after
    each word. What stays open for longer than `recertify_every` is put before its deciders each time that this has
    passed. After the day of `automatic_until` (UTC) an automatic rule asks for its approvals.
    """

    rule: str
    reason: str
    approvals: tuple[Approval, ...]
    automatic: bool
    longest: timedelta | None
    may_stand_without_end: bool = False
    renewal: bool = True
    fallback: tuple[str, ...] | None = None
    tell: tuple[str, ...] = ()
    reminders: tuple[timedelta, ...] = ()
    break_glass: BreakGlass | None = None
    lapses_after: timedelta = timedelta(days=7)
    remind_deciders_after: tuple[timedelta, ...] = (timedelta(days=1), timedelta(days=3), timedelta(days=6))
    recertify_every: timedelta | None = None
    automatic_until: date | None = None

    def on(self, day: date) -> Route:
        """The route as it is on that day: automatic, or asking for its approvals."""
        if self.automatic_until is None:
            return self
        automatic = day <= self.automatic_until
        return replace(self, automatic=automatic, approvals=() if automatic else self.approvals)


@dataclass(frozen=True)
class When:
    """What a rule matches: each a choice of values, None for any."""

    kind: tuple[str, ...] | None = None
    environment: tuple[str, ...] | None = None
    mode: tuple[str, ...] | None = None
    application_encryption: tuple[str, ...] | None = None
    tenant: tuple[str, ...] | None = None

    def misses(self, facts: Facts) -> list[str]:
        """The facts that this does not match, by name; empty when it matches."""
        asked = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [name for name, values in asked if values is not None and getattr(facts, name) not in values]


@dataclass(frozen=True)
class Rule:
    """One row of the routing table."""

    when: When
    route: Route

    @property
    def name(self) -> str:
        """The slug that is kept on tickets."""
        return self.route.rule


@dataclass(frozen=True)
class Policy:
    """The routing table: the first rule that matches decides. `text` is the file as it was."""

    rules: tuple[Rule, ...]
    text: str

    def on(self, day: date) -> Policy:
        """The policy as it is on that day, of the same text."""
        return replace(self, rules=tuple(replace(rule, route=rule.route.on(day)) for rule in self.rules))

    @property
    def digest(self) -> str:
        """sha256 of the text in UTF-8, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()
