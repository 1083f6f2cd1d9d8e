"""Trouble on the way in: what the cluster refuses or cannot do now, before and after the first write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from portal.errors import NotReady, WrongState
from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.workloads import WorkloadRef
from portal.states import State
from tests.workers.desk import EMOJI, Desk, Interrupted
from workers.sweep import sweep

OWN = "4567-4568"
VOTING = WorkloadRef("deployment", "emojivoto", "voting")
POLICY = "no skip-ports on Fridays"
REFUSALS = [
    pytest.param("forbid", True, "The cluster does not let Meshdesk change deployment/emoji", id="RBAC"),
    pytest.param("refuse", POLICY, f"An admission policy of the cluster refused the change: {POLICY}.", id="admission"),
]


def refuse(desk: Desk, setting: str, value: Any, *names: str) -> None:
    desk.practice.set(setting, {f"deployment/emojivoto/{name}": value for name in names})


def before_patch_of(desk: Desk, name: str, happening: Callable[[], None]) -> Interrupted:
    """A door through which something happens just before the first real patch of one workload."""
    door = Interrupted(desk.practice)

    def wait_for_it() -> None:
        if door.last is not None and door.last.name == name:
            happening()
        else:
            door.before["patch_workload"] = wait_for_it

    door.before["patch_workload"] = wait_for_it
    return door


@pytest.mark.parametrize(("setting", "value", "sentence"), REFUSALS)
def test_a_refusal_at_preflight_blocks_the_approval_until_it_is_mended(
    desk: Desk, setting: str, value: Any, sentence: str
) -> None:
    refuse(desk, setting, value, "emoji")
    number = desk.ask("7001")
    desk.preflight(number)
    blocking = [one for one in desk.evidence(number, "preflight")["findings"] if one["severity"] == "blocking"]
    assert [(one["code"], one["target"]) for one in blocking] == [("change-refused", "deployment/emoji")]
    assert blocking[0]["fact"].startswith(sentence)
    with pytest.raises(NotReady, match="found what blocks the change"):
        desk.decide(number, "partner")
    assert desk.state(number) is State.PENDING
    refuse(desk, setting, value)
    desk.preflight(number)
    desk.decide(number, "partner")
    assert desk.state(number) is State.APPROVED


@pytest.mark.parametrize(("setting", "value", "sentence"), REFUSALS)
def test_a_refusal_at_apply_fails_before_anything_is_written_and_can_be_retried(
    desk: Desk, setting: str, value: Any, sentence: str
) -> None:
    number = desk.approved("7001", workload="deployment/voting deployment/emoji")
    refuse(desk, setting, value, "emoji")
    before = desk.object(), desk.object(VOTING)
    desk.apply(number)
    assert desk.state(number) is State.FAILED
    assert desk.problem(number).startswith(sentence)
    assert (desk.object(), desk.object(VOTING)) == before
    assert desk.ticket(number).expires_at is None
    refuse(desk, setting, value)
    desk.retry(number)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE
    assert desk.problem(number) == ""


def test_a_cluster_that_is_away_before_the_first_write_leaves_the_ticket_approved(desk: Desk) -> None:
    number = desk.approved("7001")
    desk.practice.set("unreachable", True)
    desk.apply(number)
    desk.apply(number)
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.writing_from, ticket.attempts) == (State.APPROVED, None, 2)
    assert ticket.problem == "Cluster practice does not answer; this is tried again by itself."
    desk.practice.set("unreachable", False)
    assert desk.deliver("meshdesk.apply") >= 1
    assert (desk.state(number), desk.problem(number)) == (State.ACTIVE, "")


def test_a_preflight_waits_for_a_cluster_that_is_away(desk: Desk) -> None:
    number = desk.ask("7001")
    desk.practice.set("unreachable", True)
    desk.preflight(number)
    assert desk.ticket(number).preflight_at is None
    with pytest.raises(NotReady, match="has not run yet"):
        desk.decide(number, "partner")
    desk.practice.set("unreachable", False)
    desk.deliver("meshdesk.preflight")
    assert desk.ticket(number).preflight_clean


def test_a_cluster_that_goes_away_between_two_targets_is_waited_for_until_the_window_ends(desk: Desk) -> None:
    number = desk.approved("7001", workload="deployment/emoji deployment/voting")
    door = before_patch_of(desk, "voting", lambda: desk.practice.set("unreachable", True))
    desk.apply(number, by=desk.worker(door))
    ticket = desk.ticket(number)
    assert ticket.state is State.APPLYING
    assert ticket.writing_from is not None
    assert ticket.problem == "Cluster practice does not answer; this is tried again by itself."
    with pytest.raises(WrongState):
        desk.retry(number)
    desk.apply(number)
    assert (desk.state(number), desk.ticket(number).attempts) == (State.APPLYING, 2)
    assert desk.events(number).count("work:hindered") == 1
    desk.run_out(number)
    sweep(desk.context)
    assert (desk.state(number), desk.ticket(number).outcome) == (State.REVERTING, "expired")
    desk.practice.set("unreachable", False)
    desk.undo(number)
    assert desk.state(number) is State.CLOSED
    assert (desk.annotations(), desk.annotations(VOTING)) == ({}, {})


def test_a_cluster_that_comes_back_after_a_write_sees_the_rest_written(desk: Desk) -> None:
    number = desk.approved("7001", workload="deployment/emoji deployment/voting")
    door = before_patch_of(desk, "voting", lambda: desk.practice.set("unreachable", True))
    desk.apply(number, by=desk.worker(door))
    desk.practice.set("unreachable", False)
    desk.apply(number)
    assert (desk.state(number), desk.problem(number)) == (State.ACTIVE, "")
    assert desk.annotations(VOTING)[SKIP_INBOUND] == f"{OWN},7001"


@pytest.mark.parametrize(("setting", "value", "sentence"), REFUSALS)
def test_a_refusal_after_the_first_target_was_written_takes_everything_back_by_itself(
    desk: Desk, setting: str, value: Any, sentence: str
) -> None:
    number = desk.approved("7001", workload="deployment/emoji deployment/voting")
    door = before_patch_of(desk, "voting", lambda: refuse(desk, setting, value, "voting"))
    desk.apply(number, by=desk.worker(door))
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome, ticket.ended_by) == (State.REVERTING, "failed", "meshdesk-worker")
    said = sentence.replace("emoji", "voting")
    assert (ticket.end_reason or "").startswith(said)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7001"
    desk.deliver("meshdesk.undo")
    assert desk.annotations() == {}
    assert desk.state(number) is State.REVERTING
    assert desk.problem(number).startswith(said)
    refuse(desk, setting, value)
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, "failed")


def test_a_workload_that_vanishes_before_the_first_write_fails_and_after_it_ends_the_ticket(desk: Desk) -> None:
    first = desk.approved("7001")
    second = desk.approved("7001", workload="deployment/voting deployment/web")
    desk.practice.delete(EMOJI)
    desk.apply(first)
    assert desk.state(first) is State.FAILED
    assert desk.problem(first) == "There is no deployment/emoji in emojivoto on cluster practice."
    web = WorkloadRef("deployment", "emojivoto", "web")
    door = before_patch_of(desk, "web", lambda: desk.practice.delete(web))
    desk.apply(second, by=desk.worker(door))
    assert (desk.state(second), desk.ticket(second).outcome) == (State.REVERTING, "target gone")
    desk.undo(second)
    assert desk.state(second) is State.CLOSED
    assert desk.annotations(VOTING) == {}


def test_a_value_that_nobody_can_read_is_a_blocking_finding(desk: Desk) -> None:
    desk.edit({SKIP_OUTBOUND: "http,8080"})
    number = desk.ask("7001", outbound="9000")
    desk.preflight(number)
    found = desk.evidence(number, "preflight")["findings"]
    assert "present-value-unreadable" in [one["code"] for one in found if one["severity"] == "blocking"]
    assert not desk.ticket(number).preflight_clean


def test_the_approval_does_not_outlive_what_the_preflight_saw(desk: Desk) -> None:
    number = desk.approved("7001")
    desk.edit({SKIP_INBOUND: "http,8080"})
    desk.apply(number)
    assert desk.state(number) is State.FAILED
    assert "http,8080" in desk.problem(number)
    assert desk.annotations() == {SKIP_INBOUND: "http,8080"}
