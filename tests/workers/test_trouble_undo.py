"""Trouble on the way out: a ticket that cannot be taken back says why, stays REVERTING, and closes when it can be."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.workloads import WorkloadRef
from portal.states import State
from tests.workers.desk import EMOJI, Desk

OWN = "4567-4568"
VOTING = WorkloadRef("deployment", "emojivoto", "voting")
CONFIG = WorkloadRef("configmap", "linkerd", "linkerd-config")


@pytest.mark.parametrize(("setting", "value"), [("forbid", True), ("refuse", "not on Fridays")])
def test_a_target_that_the_cluster_refuses_does_not_keep_the_others_open(desk: Desk, setting: str, value: Any) -> None:
    number = desk.active("7001", workload="deployment/emoji deployment/voting")
    desk.practice.set(setting, {"deployment/emojivoto/emoji": value})
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert "deployment/emoji" in desk.problem(number) or "not on Fridays" in desk.problem(number)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7001"
    assert desk.annotations(VOTING) == {}
    desk.undo(number)
    assert desk.state(number) is State.REVERTING
    desk.practice.set(setting, {})
    desk.undo(number)
    assert (desk.state(number), desk.problem(number), desk.annotations()) == (State.CLOSED, "", {})


def test_an_undo_waits_for_a_cluster_that_is_away_and_is_called_for_by_itself(desk: Desk) -> None:
    number = desk.active("7001")
    desk.practice.set("unreachable", True)
    desk.close(number)
    for _ in range(2):
        desk.deliver("meshdesk.undo")
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.attempts) == (State.REVERTING, 3)
    assert ticket.problem == "Cluster practice does not answer; this is tried again by itself."
    assert desk.events(number).count("work:hindered") == 1
    desk.practice.set("unreachable", False)
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.annotations(), desk.mark()) == (State.CLOSED, {}, None)


def test_a_person_s_retry_does_not_start_a_second_chain_of_messages(desk: Desk) -> None:
    number = desk.active("7001")
    desk.practice.set("unreachable", True)
    desk.close(number)
    for _ in range(3):
        desk.retry(number)
        desk.undo(number)
    assert desk.deliver("meshdesk.undo") == 1
    assert desk.deliver("meshdesk.undo") == 1


def test_a_workload_that_is_gone_needs_no_undoing(desk: Desk) -> None:
    number = desk.active("7001", workload="deployment/emoji deployment/voting")
    desk.practice.delete(EMOJI)
    desk.close(number)
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, "released")
    assert desk.annotations(VOTING) == {}
    gone = [one for one in desk.evidence(number, "undone")["targets"] if one.get("gone")]
    assert gone == [{"workload": "deployment/emoji", "gone": True}]


def test_a_namespace_that_is_gone_needs_no_undoing(desk: Desk) -> None:
    number = desk.active("7001")
    desk.practice.delete(WorkloadRef("namespace", "", "emojivoto"))
    desk.close(number)
    assert desk.state(number) is State.CLOSED


def test_linkerd_being_gone_does_not_pass_for_the_workload_being_gone(desk: Desk) -> None:
    number = desk.active("7001")
    config = desk.practice.get(CONFIG)
    desk.practice.delete(CONFIG)
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert "Linkerd's configuration was not found on cluster practice" in desk.problem(number)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7001"
    desk.practice.create(config)
    desk.undo(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})


def test_a_ticket_ends_when_what_it_was_for_is_gone(desk: Desk) -> None:
    number = desk.active("7001", workload="deployment/emoji deployment/voting")
    desk.practice.delete(EMOJI)
    desk.look()
    assert desk.state(number) is State.ACTIVE
    desk.practice.delete(VOTING)
    desk.look()
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome, ticket.ended_by) == (State.REVERTING, "target gone", "meshdesk-worker")
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, "target gone")


def test_a_value_that_nobody_can_read_is_told_and_keeps_the_ticket_from_closing(desk: Desk) -> None:
    number = desk.active("7001", outbound="9000")
    desk.edit({SKIP_INBOUND: f"http,{OWN},7001"})
    desk.look()
    assert desk.state(number) is State.ACTIVE
    assert f'"http,{OWN},7001"' in desk.problem(number)
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert "Its owner must mend it first." in desk.problem(number)
    before = desk.object()
    desk.undo(number)
    assert desk.object() == before
    desk.edit({SKIP_INBOUND: f"8080,{OWN},7001"})
    desk.undo(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {SKIP_INBOUND: "4567-4568,8080"})


def test_a_drift_that_its_owner_mends_is_told_no_longer(desk: Desk) -> None:
    number = desk.active("7001")
    desk.edit({SKIP_INBOUND: "http,8080"})
    desk.look()
    assert "http,8080" in desk.problem(number)
    desk.edit({SKIP_INBOUND: f"{OWN},7001"})
    desk.look()
    assert (desk.state(number), desk.problem(number)) == (State.ACTIVE, "")


def test_an_unreadable_list_that_the_ticket_did_not_touch_is_no_hindrance(desk: Desk) -> None:
    number = desk.active("7001")
    desk.edit({SKIP_OUTBOUND: "http,8080"})
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {SKIP_OUTBOUND: "http,8080"})


def test_pods_that_linger_keep_a_ticket_from_closing(desk: Desk) -> None:
    number = desk.active("", mode="disable-injection")
    desk.practice.set("terminate_seconds", 3600)
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert desk.annotations() == {}
    waiting = desk.ticket(number).progress["deployment/emoji"]["waiting"]
    assert waiting
    assert all("(terminating) runs without the proxy" in sentence for sentence in waiting)
    assert desk.problem(number) == ""


def test_an_owner_who_switches_injection_himself_is_left_alone(desk: Desk) -> None:
    number = desk.active("", mode="disable-injection")
    desk.edit({INJECT: "enabled"})
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {INJECT: "enabled"})
