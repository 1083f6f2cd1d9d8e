"""Routing: the first match, what falls through, which of several routes counts, and why a rule did not match."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.errors import Forbidden
from portal.policy import (
    Approval,
    Facts,
    NotRouted,
    Route,
    explain,
    falls_through,
    load_policy,
    route,
    strictest,
)

BOOKS = Facts("encryption-exception", "production", "books", "skip-ports", "none")
CATCH_ALL = "version: 1\nrules:\n- {name: everything, automatic: true, longest: P30D}\n"


def policy_of(*rules: str) -> str:
    return "version: 1\nrules:\n" + "".join(f"- {rule}\n" for rule in rules)


def rule(name: str, when: str = "{}", route: str = "automatic: true, longest: P1D") -> str:
    return f"{{name: {name}, when: {when}, {route}}}"


def test_the_first_rule_that_matches_decides() -> None:
    narrow, wide = rule("narrow", "{environment: production}"), rule("wide")
    assert route(load_policy(policy_of(narrow, wide)), BOOKS).rule == "narrow"
    assert route(load_policy(policy_of(narrow, wide)), Facts("generic", "staging", "books")).rule == "wide"


def test_a_fact_that_a_request_does_not_have_matches_no_choice() -> None:
    policy = load_policy(policy_of(rule("modes", "{mode: skip-ports}"), rule("rest")))
    assert route(policy, Facts("viz-enablement", "production", "books")).rule == "rest"


def test_a_request_that_no_rule_matches_is_refused_with_a_sentence() -> None:
    policy = load_policy(policy_of(rule("viz", "{kind: viz-enablement}")))
    with pytest.raises(NotRouted, match="No rule of the policy matches encryption-exception in production") as problem:
        route(policy, BOOKS)
    assert isinstance(problem.value, Forbidden)
    assert "tenant books (skip-ports, application encryption none)" in problem.value.sentence


def test_what_falls_through_is_named() -> None:
    rules = [
        rule("exceptions", "{kind: encryption-exception, application_encryption: [claimed, verified]}"),
        rule("plain-skips", "{kind: encryption-exception, mode: skip-ports, environment: [sandbox, staging]}"),
        rule("books", "{kind: encryption-exception, mode: skip-ports, tenant: [books, shop]}"),
        rule("others", "{kind: [debug-sidecar, control-plane-egress, job-completion, generic]}"),
    ]
    assert [sentence.partition(": it is refused")[0] for sentence in falls_through(load_policy(policy_of(*rules)))] == [
        "No rule matches encryption-exception (skip-ports, application encryption none) in production"
        " for tenants other than books, shop",
        "No rule matches encryption-exception (disable-injection, application encryption none) in any environment",
        "No rule matches viz-enablement in any environment",
    ]


def test_a_last_rule_that_takes_all_lets_nothing_fall_through() -> None:
    assert falls_through(load_policy(CATCH_ALL)) == []


def test_explain_says_why_each_rule_did_not_match_up_to_the_one_that_does() -> None:
    rules = [
        rule("viz", "{kind: viz-enablement, environment: sandbox}"),
        rule("staging", "{environment: [sandbox, staging], tenant: shop}"),
        rule("exceptions", "{kind: encryption-exception}"),
        rule("rest"),
    ]
    steps = explain(load_policy(policy_of(*rules)), BOOKS)
    assert [(step.rule, step.matched) for step in steps] == [("viz", False), ("staging", False), ("exceptions", True)]
    assert [str(step) for step in steps] == [
        "viz: no, kind is encryption-exception (it takes viz-enablement)",
        "staging: no, environment is production (it takes sandbox or staging); tenant is books (it takes shop)",
        "exceptions: this rule matches",
    ]


def test_explain_of_what_falls_through_ends_without_a_match() -> None:
    (step,) = explain(load_policy(policy_of(rule("modes", "{mode: skip-ports}"))), Facts("generic", "staging", "books"))
    assert (step.matched, str(step)) == (False, "modes: no, it has no mode (it takes skip-ports)")


def routed(*groups: str, count: int = 1, days: int | None = 30, renewal: bool = True) -> Route:
    return Route(
        rule=f"{groups}-{count}-{days}",
        reason="",
        approvals=tuple(Approval(group, count) for group in groups),
        automatic=not groups,
        longest=None if days is None else timedelta(days=days),
        may_stand_without_end=days is None,
        renewal=renewal,
    )


@pytest.mark.parametrize(
    ("strict", "lax"),
    [
        (routed("tenant-owner", "security-partner", days=90), routed("security-partner", days=14)),
        (routed("security-partner", count=2, days=90), routed("security-partner", days=14)),
        (routed("security-partner", days=90), routed(days=1)),
        (routed("security-partner", days=14), routed("security-partner", days=90)),
        (routed("security-partner", days=90), routed("security-partner", days=None)),
        (routed(days=14), routed(days=None)),
        (routed(days=14, renewal=False), routed(days=14)),
    ],
)
def test_the_strictest_route_counts_whatever_the_order(strict: Route, lax: Route) -> None:
    assert strictest([strict, lax]) is strict
    assert strictest([lax, strict]) is strict


def test_of_equally_strict_routes_the_first_counts() -> None:
    first, second = routed("tenant-owner"), routed("security-partner")
    assert strictest(iter([first, second])) is first
    with pytest.raises(ValueError, match="empty"):
        strictest([])
