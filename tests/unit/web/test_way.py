"""The way of a ticket as it is drawn: one present station in every state, and every other end as it was."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.states import Outcome, State
from portal.web.way import BLOCKED, Tone, Walk, current, way

AT = datetime(2026, 7, 1, 10, tzinfo=UTC)
GLYPH = {Tone.DONE: "+", Tone.NOW: "*", Tone.FAILED: "!", Tone.OVER: "=", Tone.SKIPPED: "-", Tone.AHEAD: "."}


def drawn(walk: Walk) -> str:
    """`+asked *active .undone`, with the present one between brackets."""
    stations = way(walk)
    words = [f"{GLYPH[one.tone]}{one.word}" for one in stations]
    words[current(stations)] = f"[{words[current(stations)]}]"
    return ", ".join(words)


def walk(state: State, **more: object) -> Walk:
    return Walk(state=state, **{"clean": True, **more})  # type: ignore[arg-type]


def closed(outcome: Outcome, *, active: bool = True) -> Walk:
    return walk(State.CLOSED, outcome=outcome.value, was_active=active)


APPROVED = {State.APPROVED.value: AT}
CASES = [
    (walk(State.PENDING, clean=None), "+asked, [*being checked], .approved, .applied, .active, .undone"),
    (walk(State.PENDING, clean=False), "+asked, [!checked], .approved, .applied, .active, .undone"),
    (walk(State.PENDING), "+asked, +checked, [*waits for approval], .applied, .active, .undone"),
    (walk(State.APPROVED), "+asked, +checked, [*approved], .applied, .active, .undone"),
    (walk(State.APPLYING), "+asked, +checked, +approved, [*being applied], .active, .undone"),
    (walk(State.ACTIVE, was_active=True), "+asked, +checked, +approved, +applied, [*active], .undone"),
    (walk(State.FAILED, problem="No."), "+asked, +checked, +approved, [!applied], .active, .undone"),
    (walk(State.REVERTING, was_active=True), "+asked, +checked, +approved, +applied, +active, [*being undone]"),
    (
        walk(State.REVERTING, was_active=True, problem="The value cannot be read."),
        "+asked, +checked, +approved, +applied, +active, [!being undone]",
    ),
    (
        walk(State.REVERTING, outcome="failed"),
        "+asked, +checked, +approved, !applied, -active, [*being undone]",
    ),
    (walk(State.REVERTING, outcome="revoked"), "+asked, +checked, +approved, -applied, -active, [*being undone]"),
    (closed(Outcome.EXPIRED), "+asked, +checked, +approved, +applied, +active, [=undone]"),
    (closed(Outcome.REPLACED), "+asked, +checked, +approved, +applied, +active, [=replaced]"),
    (closed(Outcome.UNPROVEN), "+asked, +checked, +approved, +applied, +active, [!not proven undone]"),
    (closed(Outcome.TARGET_GONE, active=False), "+asked, +checked, +approved, !applied, -active, [=undone]"),
    (closed(Outcome.FULFILLED, active=False), "+asked, +checked, +approved, [=fulfilled]"),
    (walk(State.REJECTED), "+asked, +checked, [=rejected]"),
    (walk(State.REJECTED, clean=None), "+asked, [=rejected]"),
    (walk(State.REJECTED, clean=False), "+asked, !checked, [=rejected]"),
    (walk(State.LAPSED), "+asked, +checked, [=lapsed]"),
    (walk(State.LAPSED, reached=APPROVED), "+asked, +checked, +approved, [=lapsed]"),
    (walk(State.WITHDRAWN, reached=APPROVED), "+asked, +checked, +approved, [=withdrawn]"),
    (
        walk(State.WITHDRAWN, reached={**APPROVED, State.FAILED.value: AT}),
        "+asked, +checked, +approved, !applied, [=withdrawn]",
    ),
]


@pytest.mark.parametrize(("taken", "expected"), CASES, ids=[f"{one.state}-{n}" for n, (one, _) in enumerate(CASES)])
def test_each_state_has_one_present_station(taken: Walk, expected: str) -> None:
    assert drawn(taken) == expected


def test_every_state_is_drawn() -> None:
    assert {one.state for one, _ in CASES} == set(State)


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        (Walk(State.PENDING, changes_cluster=False), "+asked, [*waits for approval], .fulfilled"),
        (Walk(State.APPROVED, changes_cluster=False), "+asked, +approved, [*waits for an operator]"),
        (Walk(State.APPROVED, changes_cluster=False, taken=True), "+asked, +approved, [*being worked on]"),
        (
            Walk(State.CLOSED, changes_cluster=False, outcome=Outcome.FULFILLED.value),
            "+asked, +approved, [=fulfilled]",
        ),
        (Walk(State.WITHDRAWN, changes_cluster=False), "+asked, [=withdrawn]"),
    ],
)
def test_what_people_carry_out_goes_a_shorter_way(taken: Walk, expected: str) -> None:
    assert drawn(taken) == expected


def test_a_failed_station_says_why_and_each_reached_one_when() -> None:
    failed = way(walk(State.FAILED, problem="An admission policy refused it.", reached={"failed": AT}))
    assert (failed[3].sentence, failed[3].at) == ("An admission policy refused it.", AT)
    assert way(walk(State.PENDING, clean=False, reached={"preflight": AT}))[1].sentence == BLOCKED
    assert way(walk(State.PENDING, reached={"pending": AT}))[0].at == AT


def test_who_approved_is_in_the_word() -> None:
    assert way(walk(State.ACTIVE, approved_as="glass broken"))[2].word == "glass broken"
