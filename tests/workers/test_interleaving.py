"""Two workers on one workload, stopped and woken at every step: no ticket undoes another, none opens after CLOSED."""

from __future__ import annotations

import pytest

from portal.mesh.annotations import SKIP_INBOUND
from portal.states import State
from tests.workers.desk import Desk, Interrupted

OWN = "4567-4568"
STEPS = ["workload", "namespace", "mesh", "injector_webhook", "patch_workload dry run", "patch_workload", "pods"]
# What comes after one step is what comes before the next, but for these.
MOMENTS = [*(("before", step) for step in STEPS), ("after", "patch_workload"), ("after", "pods")]


def interrupted(desk: Desk, when: str, step: str, happening: object) -> Interrupted:
    """A door through which `happening` gets in once."""
    door = Interrupted(desk.practice)
    getattr(door, when)[step] = happening
    return door


@pytest.mark.parametrize(("when", "step"), MOMENTS)
def test_another_ticket_is_applied_while_a_worker_applies_one(desk: Desk, when: str, step: str) -> None:
    first, second = desk.approved("7001,7005"), desk.approved("7002,7005")
    door = interrupted(desk, when, step, lambda: desk.apply(second))
    desk.apply(first, by=desk.worker(door))
    assert (desk.state(first), desk.state(second)) == (State.ACTIVE, State.ACTIVE)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7001-7002,7005"
    desk.close(first)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7002,7005"
    desk.close(second)
    assert desk.annotations() == {}
    assert desk.mark() is None


@pytest.mark.parametrize(("when", "step"), MOMENTS)
def test_another_ticket_is_undone_while_a_worker_applies_one(desk: Desk, when: str, step: str) -> None:
    second = desk.active("7002,7005")
    first = desk.approved("7001,7005")
    door = interrupted(desk, when, step, lambda: desk.close(second))
    desk.apply(first, by=desk.worker(door))
    assert (desk.state(first), desk.state(second)) == (State.ACTIVE, State.CLOSED)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7001,7005"
    desk.close(first)
    assert desk.annotations() == {}
    assert desk.mark() is None


@pytest.mark.parametrize(("when", "step"), MOMENTS)
def test_no_hole_opens_after_closed_when_a_stopped_worker_wakes(desk: Desk, when: str, step: str) -> None:
    number = desk.approved("7001")
    seen_after_close: list[dict[str, str]] = []

    def ended_meanwhile() -> None:
        if desk.state(number) is State.APPLYING:
            desk.close(number)
            assert desk.state(number) is State.CLOSED
            seen_after_close.append(desk.annotations())

    door = interrupted(desk, when, step, ended_meanwhile)
    desk.apply(number, by=desk.worker(door))
    assert seen_after_close == [{}]
    assert desk.state(number) is State.CLOSED
    assert desk.annotations() == {}
    assert desk.mark() is None


@pytest.mark.parametrize(("when", "step"), MOMENTS)
def test_the_owner_edits_the_list_while_a_worker_applies(desk: Desk, when: str, step: str) -> None:
    number = desk.approved("7001")
    door = interrupted(desk, when, step, lambda: desk.edit({SKIP_INBOUND: _with_9090(desk)}))
    desk.apply(number, by=desk.worker(door))
    assert desk.state(number) is State.ACTIVE, desk.ticket(number).problem
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},7001,9090"
    desk.close(number)
    assert desk.annotations()[SKIP_INBOUND] == f"{OWN},9090"


def test_the_owner_adds_the_very_same_port_just_before_the_write(desk: Desk) -> None:
    number = desk.approved("7001")
    door = interrupted(desk, "before", "patch_workload", lambda: desk.edit({SKIP_INBOUND: f"{OWN},7001"}))
    desk.apply(number, by=desk.worker(door))
    assert desk.state(number) is State.ACTIVE
    desk.close(number)
    assert desk.annotations() == {SKIP_INBOUND: f"{OWN},7001"}


def _with_9090(desk: Desk) -> str:
    return f"{desk.annotations().get(SKIP_INBOUND, OWN)},9090"


def test_a_worker_that_dies_between_the_commit_and_its_patch_is_followed_by_another(desk: Desk) -> None:
    number = desk.approved("7001")

    def power_cut() -> None:
        raise KeyboardInterrupt

    door = interrupted(desk, "before", "patch_workload", power_cut)
    with pytest.raises(KeyboardInterrupt):
        desk.apply(number, by=desk.worker(door))
    assert desk.state(number) is State.APPLYING
    desk.lapse_lease(number)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE
    desk.close(number)
    assert desk.annotations() == {}


def test_a_worker_that_dies_after_its_patch_is_followed_by_another(desk: Desk) -> None:
    number = desk.approved("7001")

    def power_cut() -> None:
        raise KeyboardInterrupt

    door = interrupted(desk, "after", "patch_workload", power_cut)
    with pytest.raises(KeyboardInterrupt):
        desk.apply(number, by=desk.worker(door))
    desk.release(number)
    desk.undo(number)
    assert desk.state(number) is State.CLOSED
    assert desk.annotations() == {}
    assert desk.mark() is None


def test_while_one_worker_holds_a_ticket_another_leaves_it_alone(desk: Desk) -> None:
    number = desk.approved("7001")
    events: list[int] = []

    def second_delivery() -> None:
        desk.apply(number)
        events.append(len(desk.events(number)))

    door = interrupted(desk, "before", "patch_workload", second_delivery)
    before = len(desk.events(number))
    desk.apply(number, by=desk.worker(door))
    assert desk.state(number) is State.ACTIVE
    assert desk.events(number).count("ticket:applying") == 1
    assert events[0] > before
