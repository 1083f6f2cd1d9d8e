"""What a policy leaves out and what it never reaches, found by trying every request that there can be.

There are few: the facts are closed lists, and tenants that the same rules name are all alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from portal.policy.rules import Policy, Rule
from portal.policy.vocabulary import ENVIRONMENTS, Facts, every_request

_UNNAMED = "*"
"""Stands for every tenant that no rule names; no tenant can be called that."""


def unreachable(rules: Sequence[Rule]) -> dict[int, str]:
    """The rules (by index) that no request can ever meet, each with the reason in a sentence."""
    taken_by: dict[int, dict[str, None]] = {index: {} for index in range(len(rules))}
    for tenant in _kinds_of_tenants(rules):
        for facts in every_request(tenant):
            matching = [index for index, rule in enumerate(rules) if not rule.when.misses(facts)]
            for index in matching[:1]:
                taken_by.pop(index, None)
            for index in matching[1:]:
                if index in taken_by:
                    taken_by[index][rules[matching[0]].name] = None
    return {index: _why(list(names)) for index, names in taken_by.items()}


def _why(taken_by: Sequence[str]) -> str:
    if not taken_by:
        return "This rule can never match: no kind of request has all of these facts. Correct its `when` or remove it."
    rules = " and ".join(taken_by)
    return f"This rule can never match: every request that it takes goes to {rules} before. Move it up or remove it."


def _kinds_of_tenants(rules: Sequence[Rule]) -> list[str]:
    alike = {frozenset[int](): _UNNAMED}
    for tenant in _named(rules):
        alike.setdefault(frozenset(i for i, rule in enumerate(rules) if tenant in (rule.when.tenant or ())), tenant)
    return list(alike.values())


def _named(rules: Sequence[Rule]) -> list[str]:
    return sorted({tenant for rule in rules for tenant in rule.when.tenant or ()})


def falls_through(policy: Policy) -> list[str]:
    """Sentences that name the requests that no rule matches (each is refused when asked); empty when there are none."""
    environments: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for facts in every_request(_UNNAMED):
        if not _matched(policy, facts):
            # Whatever matches the tenants that no rule names matches every tenant: only the named can be better off.
            better_off = [name for name in _named(policy.rules) if _matched(policy, _of(name, facts))]
            environments[facts.kind, facts.detail, tuple(better_off)].append(facts.environment)
    return list(_sentences(environments))


def _matched(policy: Policy, facts: Facts) -> bool:
    return any(not rule.when.misses(facts) for rule in policy.rules)


def _of(tenant: str, facts: Facts) -> Facts:
    return Facts(facts.kind, facts.environment, tenant, facts.mode, facts.application_encryption)


def _sentences(missed: dict[tuple[str, str, tuple[str, ...]], list[str]]) -> Iterator[str]:
    for (kind, detail, but), environments in missed.items():
        where = "any environment" if len(environments) == len(ENVIRONMENTS) else " or ".join(environments)
        whose = f" for tenants other than {', '.join(but)}" if but else ""
        yield f"No rule matches {kind}{detail} in {where}{whose}: it is refused when asked. Add a rule that takes it."
