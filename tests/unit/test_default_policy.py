"""The policy that the product comes with is the matrix of the design: every row, every column, every cell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.durations import parse_duration
from portal.models import Role
from portal.policy import Facts, default_policy, falls_through, route
from portal.policy.vocabulary import GROUPS, every_request

COLUMNS = ("sandbox", "staging", "production")
PARTNER, OWNER, OPERATOR = "security-partner", "tenant-owner", "platform-operator"
EE, JOB = "encryption-exception", "job-completion"


def auto(longest: str | None, *tell: str) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    return (), longest, tell


def by(
    *groups: str, longest: str | None, tell: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    return groups, longest, tell


TOLD = auto("P90D", PARTNER)
PARTNER_90, PARTNER_30, PARTNER_14 = (by(PARTNER, longest=days) for days in ("P90D", "P30D", "P14D"))
BOTH_90, BOTH_30, BOTH_14 = (by(OWNER, PARTNER, longest=days) for days in ("P90D", "P30D", "P14D"))
NO_END = auto(None)
ANY_OPERATOR = by(OPERATOR, longest=None)

# (kind, mode, application encryption) -> (who approves, longest, who is told) for sandbox, staging, production.
MATRIX = {
    (EE, "skip-ports", "claimed"): (TOLD, PARTNER_90, PARTNER_90),
    (EE, "skip-ports", "verified"): (TOLD, TOLD, PARTNER_90),
    (EE, "skip-ports", "none"): (PARTNER_30, PARTNER_30, BOTH_30),
    (EE, "disable-injection", "claimed"): (PARTNER_90, PARTNER_90, BOTH_90),
    (EE, "disable-injection", "verified"): (PARTNER_90, PARTNER_90, BOTH_90),
    (EE, "disable-injection", "none"): (PARTNER_14, BOTH_14, BOTH_14),
    (JOB, "no-proxy", "claimed"): (PARTNER_90, PARTNER_90, BOTH_90),
    (JOB, "no-proxy", "verified"): (PARTNER_90, PARTNER_90, BOTH_90),
    (JOB, "no-proxy", "none"): (PARTNER_14, BOTH_14, BOTH_14),
    (JOB, "native-sidecar", None): (NO_END, NO_END, NO_END),
    (JOB, "shutdown", None): (NO_END, NO_END, NO_END),
    ("viz-enablement", None, None): (auto("PT24H"), auto("PT8H"), by(PARTNER, longest="PT4H", tell=(OPERATOR,))),
    ("debug-sidecar", None, None): (auto("PT8H"), auto("PT4H"), by(PARTNER, longest="PT2H")),
    ("control-plane-egress", None, None): (NO_END, NO_END, NO_END),
    ("generic", None, None): (ANY_OPERATOR, ANY_OPERATOR, ANY_OPERATOR),
}
CELLS = [
    (Facts(kind, environment, "emojis", mode, encryption), *cell)
    for (kind, mode, encryption), row in MATRIX.items()
    for environment, cell in zip(COLUMNS, row, strict=True)
]


# Where somebody may go first in an emergency: to look, or to let traffic pass, never to leave the mesh wholly.
BREAKABLE = {"skip-ports-encrypted", "skip-ports-unencrypted-production", "viz-production", "debug-production"}
EXCEPTIONS = ("skip-ports", "disable-injection", "no-proxy")


@pytest.mark.parametrize(("facts", "groups", "longest", "tell"), CELLS, ids=[str(cell[0]) for cell in CELLS])
def test_cell(facts: Facts, groups: tuple[str, ...], longest: str | None, tell: tuple[str, ...]) -> None:
    found = route(default_policy(), facts)
    assert [(approval.from_, approval.count) for approval in found.approvals] == [(group, 1) for group in groups]
    assert found.automatic is (groups == ())
    assert found.longest == (parse_duration(longest) if longest else None)
    assert found.may_stand_without_end is (longest is None)
    assert found.tell == tell
    assert found.renewal
    assert found.reason.endswith(".")
    assert (found.break_glass is not None) is (found.rule in BREAKABLE)
    assert (found.recertify_every == timedelta(days=90)) is (facts.mode in EXCEPTIONS)


def test_the_matrix_holds_every_request_that_there_can_be() -> None:
    assert {cell[0] for cell in CELLS} == set(every_request("emojis"))


def test_nothing_falls_through_and_every_reminder_can_come() -> None:
    policy = default_policy()
    assert falls_through(policy) == []
    for rule in policy.rules:
        longest = rule.route.longest
        assert not rule.route.reminders or (longest is not None and max(rule.route.reminders) < longest)


def test_groups_are_roles() -> None:
    assert set(GROUPS) <= {role.value for role in Role}
