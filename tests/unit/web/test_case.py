"""What a ticket's page makes of fields, evidence, diffs and events, without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from portal.errors import Invalid
from portal.models import Event, Evidence
from portal.web.diffs import changes
from portal.web.granting import grant_of, shrinking, unit_of
from portal.web.headline import headline
from portal.web.looks import timed
from portal.web.seen import raw, seen
from portal.web.story import story
from tests import world
from tests.web.scenes import pod, targets

AT = datetime(2026, 7, 1, 10, tzinfo=UTC)
KIND = "encryption-exception"
WHOLE = [("whole.workloads", "1"), ("grant.workloads", "0"), ("grant.workloads", "1")]


def evidence(kind: str, **data: Any) -> Evidence:
    return Evidence(id=1, ticket_id=1, kind=kind, seen_at=AT, data=data)


@pytest.mark.parametrize(
    ("kind", "fields", "line"),
    [
        (KIND, world.exception(), "Skip 8080, 9000-9010 on emoji, voting"),
        (KIND, world.exception(inbound="1,3,5,7", outbound="9,11,13,15"), "Skip 1, 3, 5, 7, 9, 11 and 2 more on"),
        (KIND, world.exception(mode="disable-injection", inbound=""), "Run emoji, voting without the proxy"),
        ("debug-sidecar", {"workloads": [f"deployment/a{n}" for n in range(5)]}, "in a0, a1, a2 and 2 more"),
        ("job-completion", {"jobs": ["cronjob/report"], "way": "native-sidecar"}, "Let report end (native sidecar)"),
        ("viz-enablement", {"namespaces": ["shop"]}, "Linkerd Viz for shop"),
        ("control-plane-egress", {"namespaces": ["shop"]}, "Control plane egress for shop"),
        ("generic", {"title": "A console"}, "A console"),
    ],
)
def test_a_ticket_in_a_line(kind: str, fields: dict[str, Any], line: str) -> None:
    assert line in headline(kind, fields)


@pytest.mark.parametrize(
    ("form", "granted"),
    [
        ([], None),
        ([*WHOLE, ("grant.inbound", "8080,9000-9010")], None),
        ([*WHOLE, ("grant.inbound", " 8080 ")], {"fields": {"inbound": "8080"}}),
        ([("whole.workloads", "1"), ("grant.workloads", "1")], {"fields": {"workloads": ["deployment/voting"]}}),
        ([("whole.workloads", "1")], {"fields": {"workloads": []}}),
        ([("grant.time", "15"), ("grant.unit", "minutes")], {"fields": {}, "duration": "PT15M"}),
        ([("grant.time", "2"), ("grant.unit", "days")], {"fields": {}, "duration": "P2D"}),
    ],
)
def test_what_a_form_leaves_of_an_ask(form: list[tuple[str, str]], granted: dict[str, Any] | None) -> None:
    assert grant_of(MultiDict(form), KIND, world.exception()) == granted


@pytest.mark.parametrize("time", ["-1", "1.5", "two", "1e9", "9999999"])
def test_a_shorter_time_is_a_whole_number(time: str) -> None:
    with pytest.raises(Invalid, match=r"whole number|grant"):
        grant_of(MultiDict([("grant.time", time)]), KIND, world.exception())


def test_what_can_be_less_is_offered_as_it_was_left() -> None:
    assert [one.name for one in shrinking(KIND, world.exception())] == ["workloads", "inbound"]
    assert shrinking(KIND, world.exception(workloads=["deployment/emoji"], inbound="", outbound="")) == []
    left = shrinking(KIND, world.exception(), MultiDict([("whole.workloads", "1"), ("grant.inbound", "")]))
    assert [one.ticked for one in left[0].choices] == [False, False]
    assert left[1].text == ""


def test_pods_then_and_now() -> None:
    before = {"workload": "deployment/emoji", "pods": [pod("emoji", 1), pod("emoji", 2, ready=False)]}
    gone = pod("emoji", 3, skip_inbound=None, skip_outbound=None, meshed=False, containers=["main"])
    finished = pod("emoji", 4, finished=True)
    now = {"workload": "deployment/emoji", "pods": [gone, finished]}
    found = seen([evidence("before", targets=[before]), evidence("applied", targets=[now])])
    assert [(row.phase, row.ready, row.count, row.inbound) for row in found[0].pods] == [
        ("before", 1, 2, "none"),
        ("with it", 1, 1, "all"),
    ]
    assert found[0].pods[1].changed == {"meshed", "containers", "inbound", "outbound"}


def test_objects_that_were_created_and_are_gone() -> None:
    there = {"workload": "egress/shop", "objects": [{"object": "NetworkPolicy/x", "uid": "1", "there": True}]}
    gone = {"workload": "egress/shop", "objects": [{"object": "NetworkPolicy/x", "gone_at": AT.isoformat()}]}
    found = seen([evidence("applied", targets=[there]), evidence("undone", targets=[gone])])
    assert found[0].objects == (("with it", "NetworkPolicy/x", True), ("after it", "NetworkPolicy/x", False))
    assert seen([evidence("before", pods=[])]) == []


def test_evidence_that_is_too_long_for_a_page_is_left_to_the_command() -> None:
    short, long = evidence("before", a="b"), evidence("applied", a="b" * 20_000)
    assert [bool(text) for _, text in raw([short, long])] == [True, False]


def test_the_same_diff_stands_once_and_a_long_one_is_folded() -> None:
    two = targets(["deployment/emoji", "deployment/voting"], ports="8080")
    change = changes([evidence("preflight", targets=two), evidence("before", targets=[])])
    assert change is not None
    assert [one.targets for one in change.diffs] == [("deployment/emoji", "deployment/voting")]
    assert change.diffs[0].lines == (("added", "+config.linkerd.io/skip-inbound-ports: '8080'"),)
    lines = "\n".join(f"+line {n}" for n in range(500))
    long = changes(
        [evidence("preflight", workload="viz", change={"unified": f"@@ -1 +1 @@\n-a\n{lines}\n@@ -9 +9 @@"})]
    )
    assert long is not None
    assert (long.diffs[0].folded, len(long.diffs[0].lines), long.diffs[0].left_out) == (True, 400, 102)
    assert long.diffs[0].lines[0] == ("taken", "-a")
    assert changes([]) is None


def event(number: int, type_: str, actor: str, **payload: Any) -> Event:
    return Event(number=number, type=type_, actor=actor, happened_at=AT, payload=payload)


def test_steps_of_machines_are_put_together_and_turns_are_not() -> None:
    worker = "meshdesk-worker"
    told = story(
        [
            event(1, "ticket:submitted", "member", reason="why"),
            event(2, "evidence:preflight", worker),
            event(3, "ticket:applying", worker),
            event(4, "ticket:active", worker),
            event(5, "question:asked", "partner", text="Which?", question=7),
            event(6, "some:new-thing", "partner"),
        ]
    )
    assert [(one.machine, [event.number for event in one.events]) for one in told] == [
        (False, [1]),
        (True, [2, 3]),
        (False, [4, 5, 6]),
    ]
    asked = told[2].events[1]
    assert (asked.said, asked.spoken, asked.question) == ("Which?", True, 7)
    assert told[2].events[2].words == "some new thing"


def test_instants_in_sentences_are_elements_and_words_stay_words() -> None:
    told = timed("It <ends> at 2026-11-27 23:07:55 UTC, or at 2026-11-28 00:00 UTC.")
    first, second = "2026-11-27T23:07:55Z", "2026-11-28T00:00Z"
    assert told == (
        f'It &lt;ends&gt; at <time datetime="{first}">2026-11-27 23:07:55 UTC</time>, or at '
        f'<time datetime="{second}">2026-11-28 00:00 UTC</time>.'
    )
    assert timed("Nothing & `meshdesk show <x>`.") == "Nothing &amp; <code>meshdesk show &lt;x&gt;</code>."


@pytest.mark.parametrize(("asked", "unit"), [(30, "minutes"), (119, "minutes"), (120, "hours"), (2880, "days")])
def test_a_shorter_time_is_told_in_a_unit_that_fits(asked: int, unit: str) -> None:
    assert unit_of(timedelta(minutes=asked)) == unit
