"""Routing a request: the verbs ask which rule it meets, `meshdesk policy explain` asks why."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from portal.errors import Forbidden
from portal.policy.rules import Policy, Route, Rule
from portal.policy.vocabulary import Facts


class NotRouted(Forbidden):
    """No rule of the policy matches the request, so nobody could allow it."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        super().__init__(
            f"No rule of the policy matches {facts}, so it cannot be asked for: ask your platform operators for a rule."
        )


@dataclass(frozen=True)
class Step:
    """One rule that was tried for a request: `misses` says, fact by fact, why it did not match."""

    rule: str
    matched: bool
    misses: tuple[str, ...]

    def __str__(self) -> str:
        """`sandbox-only: no, environment is production (it takes sandbox)`, or `all: this rule matches`."""
        return f"{self.rule}: {'this rule matches' if self.matched else 'no, ' + '; '.join(self.misses)}"


def route(policy: Policy, facts: Facts) -> Route:
    """Where the first matching rule routes; raises NotRouted when there is none."""
    for rule in policy.rules:
        if not rule.when.misses(facts):
            return rule.route
    raise NotRouted(facts)


def strictest(routes: Iterable[Route]) -> Route:
    """Of several workloads' routes the one that all of them can be held to; raises ValueError for none.

    In this order: more groups approve; more people approve; not automatic; it must end; its longest time is shorter;
    no renewal; then the first.
    """
    return max(routes, key=_strictness)


def bounded(chosen: Route, longest: timedelta | None) -> Route:
    """The route within the longest window that its kind ever allows; None: the kind sets no bound."""
    if longest is None:
        return chosen
    return replace(chosen, longest=min(chosen.longest or longest, longest), may_stand_without_end=False)


def _strictness(one: Route) -> tuple[int, int, bool, bool, float, bool]:
    longest = math.inf if one.longest is None else one.longest.total_seconds()
    people = sum(approval.count for approval in one.approvals)
    return len(one.approvals), people, not one.automatic, not one.may_stand_without_end, -longest, not one.renewal


def explain(policy: Policy, facts: Facts) -> list[Step]:
    """Every rule that was tried, in order, up to the first that matches (the last step, unless none does)."""
    steps: list[Step] = []
    for rule in policy.rules:
        steps.append(_step(rule, facts))
        if steps[-1].matched:
            break
    return steps


def _step(rule: Rule, facts: Facts) -> Step:
    missed = rule.when.misses(facts)
    # Of a rule for another kind nobody wants to know what else would not fit.
    told = ["kind"] if "kind" in missed else missed
    return Step(rule.name, not missed, tuple(_miss(name, rule, facts) for name in told))


def _miss(name: str, rule: Rule, facts: Facts) -> str:
    words, found = name.replace("_", " "), getattr(facts, name)
    taken = " or ".join(getattr(rule.when, name))
    return f"{words} is {found} (it takes {taken})" if found else f"it has no {words} (it takes {taken})"
