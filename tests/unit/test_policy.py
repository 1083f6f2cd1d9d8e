"""policy.yaml: what is read, what is refused and with which line and fix."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pytest

from portal.configuration_files import FileInvalid
from portal.policy import Approval, BreakGlass, Facts, Route, load_policy, route

WHOLE = """\
version: 1
rules:
  - name: books-first
    when: {kind: [encryption-exception], environment: production, mode: skip-ports, tenant: books}
    approvals: [{from: tenant-owner}, {from: security-partner, count: 2}]
    longest: P1W
    renewal: false
    fallback: [platform-operator]
    tell: [platform-operator, tenant-owner]
    reminders: [P1D, PT1H]
    break_glass: {allowed: true, longest: PT2H, review: security-partner}
    reason: Books hold personal data.
  - name: everything
    approvals: [{from: security-partner}]
    longest: P30D
"""
BOOKS = Facts("encryption-exception", "production", "books", "skip-ports", "none")
EMOJIS = Facts("encryption-exception", "production", "emojis", "skip-ports", "none")


def policy_of(*rules: str) -> str:
    return "version: 1\nrules:\n" + "".join(f"- {rule}\n" for rule in rules)


def rule(name: str, when: str = "{}", route: str = "automatic: true, longest: P1D") -> str:
    return f"{{name: {name}, when: {when}, {route}}}"


def refused(text: str) -> list[str]:
    with pytest.raises(FileInvalid) as problem:
        load_policy(text)
    return problem.value.lines()


def test_every_part_of_a_rule_is_read() -> None:
    assert route(load_policy(WHOLE), BOOKS) == Route(
        rule="books-first",
        reason="Books hold personal data.",
        approvals=(Approval("tenant-owner", 1), Approval("security-partner", 2)),
        automatic=False,
        longest=timedelta(days=7),
        may_stand_without_end=False,
        renewal=False,
        fallback=("platform-operator",),
        tell=("platform-operator", "tenant-owner"),
        reminders=(timedelta(days=1), timedelta(hours=1)),
        break_glass=BreakGlass(allowed=True, longest=timedelta(hours=2), review="security-partner"),
    )


def test_what_a_rule_leaves_out_has_a_default() -> None:
    found = route(load_policy(WHOLE), EMOJIS)
    assert (found.rule, found.reason) == ("everything", "Approved by one security partner.")
    assert (found.renewal, found.tell, found.reminders, found.break_glass) == (True, (), (), None)


def test_the_text_and_its_digest_are_kept() -> None:
    policy = load_policy(WHOLE)
    assert policy.text == WHOLE
    assert policy.digest == hashlib.sha256(WHOLE.encode()).hexdigest()


@pytest.mark.parametrize(
    ("whens", "line", "said"),
    [
        (["{}", "{kind: generic}"], 4, "every request that it takes goes to r0 before"),
        (
            [
                "{kind: generic, environment: sandbox}",
                "{kind: generic, environment: [staging, production]}",
                "{kind: generic}",
            ],
            5,
            "every request that it takes goes to r0 and r1 before",
        ),
        (["{tenant: [books, shop]}", "{tenant: books, kind: generic}"], 4, "goes to r0 before"),
        (["{kind: viz-enablement, mode: skip-ports}", "{}"], 3, "no kind of request has all of these facts"),
        (["{kind: job-completion, mode: shutdown, application_encryption: none}", "{}"], 3, "no kind of request has"),
    ],
)
def test_a_rule_that_can_never_match_is_a_problem(whens: list[str], line: int, said: str) -> None:
    (found,) = refused(policy_of(*(rule(f"r{index}", when) for index, when in enumerate(whens))))
    assert found.startswith(f"policy.yaml:{line}: rules[{line - 3}]: This rule can never match")
    assert said in found


@pytest.mark.parametrize(
    "whens",
    [
        ["{tenant: books}", "{tenant: shop}", "{}"],
        ["{kind: viz-enablement, environment: [sandbox, staging]}", "{kind: viz-enablement}", "{}"],
        ["{mode: skip-ports}", "{kind: encryption-exception}", "{}"],
    ],
)
def test_a_rule_that_matches_something_is_none(whens: list[str]) -> None:
    load_policy(policy_of(*(rule(f"r{index}", when) for index, when in enumerate(whens))))


AUTO = "automatic: true, longest: P1D"
BY_PARTNER = "approvals: [{from: security-partner}]"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            rule("a", "{kind: viz-enablment}"),
            "rules[0].when.kind: 'viz-enablment' is not known; did you mean 'viz-enablement'?",
        ),
        (
            rule("a", "{kind: [generic, debug-sidcar]}"),
            "rules[0].when.kind[1]: 'debug-sidcar' is not known; did you mean 'debug-sidecar'?",
        ),
        (rule("a", "{mode: skip-port}"), "rules[0].when.mode: 'skip-port' is not known; did you mean 'skip-ports'?"),
        (
            rule("a", "{enviroment: staging}"),
            "rules[0].when.enviroment: 'enviroment' is not known; did you mean 'environment'?",
        ),
        (rule("a", "{environment: []}"), "rules[0].when.environment: Name at least one, or leave it out to mean any."),
        (rule("a", "{tenant: Books}"), "rules[0].when.tenant: 'Books' is not a name"),
        (rule("A b"), "rules[0].name: 'A b' is not a name"),
        (
            rule("a", route="longest: P1D, approvals: [{from: security-parnter}]"),
            "rules[0].approvals[0].from: 'security-parnter' is not known; did you mean 'security-partner'?",
        ),
        (
            rule("a", route="longest: P1D, approvals: [{from: tenant-owner, count: 0}]"),
            "rules[0].approvals[0].count: Write a number of people from 1 to 20.",
        ),
        (
            rule("a", route="longest: P1D, approvals: [{from: tenant-owner}, {from: tenant-owner}]"),
            "rules[0].approvals[1].from: This group stands here already: raise its count instead.",
        ),
        (rule("a", route="automatic: true, longest: P1M"), "rules[0].longest: 'P1M' counts months or years"),
        (rule("a", route="automatic: true, longest: P2Y"), "rules[0].longest: 'P2Y' counts months or years"),
        (rule("a", route="automatic: true, longest: 30"), "rules[0].longest: Write it as text in ISO 8601"),
        (rule("a", route=f"{AUTO}, reminders: [P1D, P1M]"), "rules[0].reminders[1]: 'P1M' counts months or years"),
        (rule("a", route=f"{AUTO}, {BY_PARTNER}"), "rules[0].automatic: An automatic rule asks nobody"),
        (rule("a", route="longest: P1D"), "rules[0].approvals: Nobody could approve"),
        (rule("a", route="longest: P1D, approvals: []"), "rules[0].approvals: Nobody could approve"),
        (rule("a", route=BY_PARTNER), "rules[0].longest: Say the longest time"),
        (rule("a", route=f"longest: P1D, {BY_PARTNER}, fallback: []"), "rules[0].fallback: Name the groups that count"),
        (rule("a", route=f"{AUTO}, tell: [partner]"), "rules[0].tell[0]: 'partner' is not known"),
        (rule("a", route=f'{AUTO}, renewal: "no"'), "rules[0].renewal: Write true or false, without quotes."),
        (
            rule("a", route=f"{AUTO}, break_glass: {{allowed: true, review: tenant-owner}}"),
            "rules[0].break_glass.longest: ",
        ),
        (
            rule("a", route=f"{AUTO}, break_glass: {{allowed: true, longest: PT3H, review: tenant-owner}}"),
            "rules[0].break_glass.longest: Break-glass lasts two hours at most",
        ),
        (rule("a", route=f"{AUTO}, automatic_until: soon"), "rules[0].automatic_until: Write a day like 2027-03-31."),
        (rule("a", route=f"{AUTO}, automatic_until: 2027-03-31"), "rules[0].approvals: Say who approves once this day"),
        (
            rule("a", route=f"longest: P1D, {BY_PARTNER}, automatic_until: 2027-03-31"),
            "rules[0].automatic_until: Only an automatic rule ends on a day",
        ),
        (
            rule("a", route=f"{AUTO}, braek_glass: {{}}"),
            "rules[0].braek_glass: 'braek_glass' is not known; did you mean",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_fix(broken: str, said: str) -> None:
    (found,) = refused(policy_of(broken))
    assert found.startswith(f"policy.yaml:3: {said}")


def test_two_rules_of_one_name_are_refused() -> None:
    (found,) = refused(policy_of(rule("a", "{kind: generic}"), rule("a")))
    assert found == "policy.yaml:4: rules[1].name: rules[0] is called 'a' too: keep one."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: []\n", ["rules: Write at least one rule.", "version: This is missing."]),
        (
            "version: 2\nrules: [{name: a, automatic: true, longest: P1D}]\n",
            ["version: Write 1: there is no other yet."],
        ),
        ("version: 1\n", ["rules: This is missing."]),
    ],
)
def test_the_frame_of_a_policy_is_checked(text: str, said: list[str]) -> None:
    assert [line.partition(": ")[2] for line in refused(text)] == said


def test_break_glass_may_be_named_to_forbid_it() -> None:
    policy = load_policy(policy_of(rule("a", route=f"{AUTO}, break_glass: {{allowed: false}}")))
    assert route(policy, BOOKS).break_glass == BreakGlass(allowed=False)


def test_an_automatic_rule_ends_on_its_day() -> None:
    policy = load_policy(policy_of(rule("a", route=f"{AUTO}, {BY_PARTNER}, automatic_until: 2027-03-31")))
    until = date(2027, 3, 31)
    first, then = (route(policy.on(day), BOOKS) for day in (until, until + timedelta(days=1)))
    assert (first.automatic, first.approvals) == (True, ())
    assert (then.automatic, then.approvals) == (False, (Approval("security-partner"),))
    assert policy.on(until).digest == policy.digest


def test_how_long_a_ticket_waits_is_the_policy_s() -> None:
    told = "lapses_after: PT12H, remind_deciders_after: [PT1H, PT6H], recertify_every: P30D"
    found = route(load_policy(policy_of(rule("a", route=f"{AUTO}, {told}"))), BOOKS)
    assert found.lapses_after == timedelta(hours=12)
    assert found.remind_deciders_after == (timedelta(hours=1), timedelta(hours=6))
    assert found.recertify_every == timedelta(days=30)
