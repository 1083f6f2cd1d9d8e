"""What the database says of those whom a policy asks: approvers that nobody is, or fewer people than are asked.

`meshdesk policy check --people` tells of it, and `meshdesk policy apply` refuses groups and people that nobody is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.hats import GROUP, is_named
from portal.models import Tenant
from portal.policy import Approval, Policy, Rule

Path = tuple[str | int, ...]
Found = tuple[Path, str]
MOST_NAMED = 5


def unmet_by_name(session: Session, policy: Policy) -> list[Found]:
    """Groups and people that a rule asks or tells and that nobody (or too few) is, with path and fix."""
    asked = [(path, hat, count) for path, hat, count in _asked(policy) if is_named(hat)]
    people = queries.people_named(session, {hat for _, hat, _ in asked})
    return [(path, _too_few(hat, len(people[hat]))) for path, hat, count in asked if len(people[hat]) < count]


def _asked(policy: Policy) -> Iterator[tuple[Path, str, int]]:
    for at, rule in enumerate(policy.rules):
        for index, approval in enumerate(rule.route.approvals):
            yield ("rules", at, "approvals", index, "from"), approval.from_, approval.count
        for index, hat in enumerate(rule.route.tell):
            yield ("rules", at, "tell", index), hat, 1


def _too_few(hat: str, found: int) -> str:
    name = hat.partition(":")[2]
    if not hat.startswith(GROUP):
        return f"There is no active person {name!r}: name them as they sign in, or somebody else."
    if found:
        return f"Only {found} of group {name!r} ever signed in: ask fewer, or have more of them sign in first."
    return (
        f"Nobody of group {name!r} has ever signed in: see that the identity provider calls it so, have somebody of "
        "it sign in first, or ask another group."
    )


def unmet_by_role(session: Session, policy: Policy) -> list[Found]:
    """Rules that ask for a role that too few people have in tenants that the rule may be met for, with path and fix."""
    tenants = {tenant.name: tenant.id for tenant in session.scalars(select(Tenant).where(Tenant.active))}
    people = queries.people_by_role(session, set(tenants.values()))
    return [
        (("rules", at, "approvals", index, "from"), _short_of(approval, lacking))
        for at, rule in enumerate(policy.rules)
        for index, approval in enumerate(rule.route.approvals)
        if not is_named(approval.from_) and (lacking := _lacking(rule, approval, tenants, people))
    ]


def _lacking(
    rule: Rule, approval: Approval, tenants: Mapping[str, int], people: Mapping[int, Mapping[str, list[str]]]
) -> list[str]:
    met = [name for name in tenants if rule.when.tenant is None or name in rule.when.tenant]
    return sorted(name for name in met if len(people[tenants[name]].get(approval.from_, [])) < approval.count)


def _short_of(approval: Approval, lacking: list[str]) -> str:
    named = ", ".join(lacking[:MOST_NAMED]) + (f" and {len(lacking) - MOST_NAMED} more" if lacking[MOST_NAMED:] else "")
    return f"Fewer than {approval.count} of {approval.from_} for {named}: name more in the registry, or ask fewer."
