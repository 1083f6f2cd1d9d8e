"""Somebody changes what is ours while the window is open, or brings it back afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from portal import queries
from portal.errors import WrongState
from portal.mesh.annotations import INJECT, MARK, SKIP_INBOUND
from portal.mesh.workloads import WorkloadRef
from portal.models import TicketTarget
from portal.states import State
from tests.workers.desk import EMOJI, Desk

OWN = "4567-4568"
VOTING = WorkloadRef("deployment", "emojivoto", "voting")
REMOVALS = [
    pytest.param(f"{OWN},7002", "7001", f"{OWN},7002", id="one of two"),
    pytest.param(OWN, "7001-7002", OWN, id="both"),
    pytest.param(None, "7001-7002", None, id="the whole annotation"),
]


def suspended(desk: Desk, number: int) -> list[dict[str, Any]]:
    with desk.database.reading() as session:
        links = session.query(TicketTarget).filter_by(ticket_id=number).order_by(TicketTarget.target_id)
        return [link.suspended for link in links]


def told(desk: Desk, number: int) -> list[Any]:
    with desk.database.reading() as session:
        events = queries.events(session, f"MD-{number}")
        return [event.payload for event in events if event.type == "drift:suspended"]


def skips(desk: Desk, ref: WorkloadRef = EMOJI) -> str | None:
    return desk.annotations(ref).get(SKIP_INBOUND)


def strip_mark(desk: Desk) -> None:
    desk.practice.apply_as("kubectl", EMOJI, {"metadata": {"annotations": {MARK: None}}})


@pytest.mark.parametrize(("value", "gone", "left"), REMOVALS)
@pytest.mark.parametrize("with_mark", [False, True], ids=["mark left", "mark too"])
def test_what_somebody_takes_out_is_told_and_not_put_back(
    desk: Desk, value: str | None, gone: str, left: str | None, with_mark: bool
) -> None:
    number = desk.active("7001,7002")
    desk.edit({SKIP_INBOUND: value})
    if with_mark:
        strip_mark(desk)
    desk.look()
    assert suspended(desk, number)[0]["skip_inbound"] == gone
    assert desk.problem(number).startswith(f"Somebody removed entries of MD-{number} from deployment/emoji")
    assert [(one["workload"], one["removed"]["skip_inbound"]) for one in told(desk, number)] == [
        ("deployment/emoji", gone)
    ]
    desk.look()
    assert (desk.state(number), skips(desk), len(told(desk, number))) == (State.ACTIVE, left, 1)
    assert desk.problem(number).startswith("Somebody removed entries")


def test_another_ticket_does_not_put_it_back_either(desk: Desk) -> None:
    first = desk.active("7001")
    desk.edit({SKIP_INBOUND: None})
    second = desk.active("7003")
    assert skips(desk) == f"{OWN},7003"
    assert suspended(desk, first)[0]["skip_inbound"] == "7001"
    assert suspended(desk, second) == [{}]
    desk.close(second)
    assert (skips(desk), desk.state(first)) == (None, State.ACTIVE)


def test_only_the_target_it_was_taken_out_of_is_suspended(desk: Desk) -> None:
    number = desk.active("7001", workload="deployment/emoji deployment/voting")
    desk.edit({SKIP_INBOUND: None}, VOTING)
    desk.look()
    assert sorted(str(one.get("skip_inbound", "")) for one in suspended(desk, number)) == ["", "7001"]
    assert "deployment/voting" in desk.problem(number)
    assert skips(desk) == f"{OWN},7001"
    desk.close(number)
    assert (desk.state(number), skips(desk), skips(desk, VOTING)) == (State.CLOSED, None, None)


def test_switching_the_proxy_on_again_is_told_and_left(desk: Desk) -> None:
    number = desk.active("", mode="disable-injection")
    desk.edit({INJECT: "enabled"})
    desk.look()
    assert suspended(desk, number)[0]["settings"] == [INJECT]
    assert desk.annotations() == {INJECT: "enabled"}


def test_reapply_puts_it_back(desk: Desk) -> None:
    number = desk.active("7001,7002")
    with pytest.raises(WrongState, match="nothing to reapply"):
        desk.reapply(number)
    desk.edit({SKIP_INBOUND: f"{OWN},7002"})
    desk.look()
    desk.reapply(number)
    assert desk.problem(number) == ""
    desk.deliver("meshdesk.converge")
    assert (skips(desk), suspended(desk, number)) == (f"{OWN},7001-7002", [{}])
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})


def test_what_is_taken_out_while_the_ticket_is_applied_is_still_told_when_it_is_active(desk: Desk) -> None:
    number = desk.approved("7001,7002")
    desk.practice.set("roll_seconds_per_pod", 3600)
    desk.apply(number)
    desk.edit({SKIP_INBOUND: f"{OWN},7002"})
    desk.look()
    desk.practice.set("roll_seconds_per_pod", 0)
    desk.edit({"example.com/rolled": "again"})
    desk.apply(number)
    assert (desk.state(number), skips(desk)) == (State.ACTIVE, f"{OWN},7002")
    assert desk.problem(number).startswith("Somebody removed entries")


@pytest.mark.parametrize("value", [None, OWN, f"{OWN},7002,9090"])
def test_a_ticket_with_suspended_entries_closes(desk: Desk, value: str | None) -> None:
    number = desk.active("7001,7002")
    desk.edit({SKIP_INBOUND: value})
    desk.look()
    desk.close(number)
    # Whose the inherited ports are that we wrote along cannot be told: what is the same as without the key goes.
    left = {None: {}, OWN: {SKIP_INBOUND: OWN}}.get(value, {SKIP_INBOUND: f"{OWN},9090"})
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, left)
    assert desk.mark() is None


@pytest.mark.parametrize("before", [None, "9090", "30001,30000"])
def test_what_a_backup_brings_back_after_the_close_is_taken_out_again(desk: Desk, before: str | None) -> None:
    desk.edit({SKIP_INBOUND: before})
    number = desk.active("7001")
    backup = desk.object()
    desk.close(number)
    assert skips(desk) == before
    annotations = {key: backup["metadata"]["annotations"][key] for key in (MARK,)}
    desk.practice.apply_as("velero", EMOJI, {"metadata": {"annotations": annotations}, "spec": backup["spec"]})
    assert "7001" in (skips(desk) or "")
    desk.look()
    assert (skips(desk), desk.mark()) == (before, None)
    assert desk.state(number) is State.CLOSED


def test_a_backup_is_cleaned_to_what_its_owner_had_when_it_was_made(desk: Desk) -> None:
    desk.edit({SKIP_INBOUND: "30001,30000"})
    desk.active("7001")
    backup = desk.object()
    desk.close(1)
    desk.edit({SKIP_INBOUND: "25"})
    desk.active("7002")
    desk.close(2)
    annotations = {MARK: backup["metadata"]["annotations"][MARK]}
    desk.practice.apply_as("velero", EMOJI, {"metadata": {"annotations": annotations}, "spec": backup["spec"]})
    desk.look()
    assert (skips(desk), desk.mark()) == ("30001,30000", None)


@pytest.mark.parametrize("live", [False, True], ids=["alone", "beside a live ticket"])
def test_what_is_deleted_and_restored_after_the_close_is_taken_out_again(desk: Desk, live: bool) -> None:
    number = desk.active("7001")
    backup = desk.object()
    if live:
        desk.active("7002")
    desk.practice.delete(EMOJI)
    desk.close(number)
    assert desk.state(number) is State.CLOSED
    desk.practice.create(backup, manager="velero")
    assert skips(desk) == f"{OWN},7001"
    desk.look()
    assert "7001" not in (skips(desk) or "")
    if not live:
        assert (desk.annotations(), desk.mark()) == ({}, None)


def test_a_mark_that_nobody_knows_is_taken_away_and_the_owner_s_list_stays(desk: Desk) -> None:
    number = desk.active("7001")
    desk.close(number)
    patch = {"metadata": {"annotations": {MARK: "MD-99;400"}}}
    desk.practice.apply_as("kubectl", EMOJI, patch)
    desk.edit({SKIP_INBOUND: "9090"})
    desk.look()
    assert (skips(desk), desk.mark()) == ("9090", None)


def test_a_workload_that_is_made_anew_is_a_new_baseline(desk: Desk) -> None:
    number = desk.active("7001")
    fresh = desk.object()
    desk.practice.delete(EMOJI)
    del fresh["metadata"]["annotations"][MARK]
    fresh["spec"]["template"]["metadata"]["annotations"] = {SKIP_INBOUND: "30001, 30000"}
    desk.practice.create(fresh)
    desk.look()
    assert (desk.state(number), skips(desk), suspended(desk, number)) == (State.ACTIVE, "7001,30000-30001", [{}])
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {SKIP_INBOUND: "30001, 30000"})
