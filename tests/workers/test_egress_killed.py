"""Workers killed after any single cluster call or commit: what they were about is carried on, and always ends clean."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.mesh.objects import MANAGED
from portal.models import CreatedObject
from portal.states import State
from tests.workers.desk import Desk
from tests.workers.egress import DENY, HERE, Killed, active, approved, give, isolate, lapse, mortal, name_of, policies
from workers.apply import apply
from workers.context import Context
from workers.undo import undo

BOTH = (HERE, "payments")
# More than any of the stories takes: each is told from a first step to where nobody is killed any more.
MOST = 200


def two_namespaces(desk: Desk) -> None:
    give(desk, "payments")
    for namespace in BOTH:
        isolate(desk, namespace=namespace)


def dies(desk: Desk, steps: int, work: Callable[[Context, int], None], number: int) -> bool:
    """Have the work done by a worker that is killed after so many steps; whether it was."""
    try:
        work(mortal(desk, steps), number)
    except Killed:
        lapse(desk)
        return True
    return False


def ours(desk: Desk) -> list[str]:
    """The policies in both namespaces that carry our label."""
    found = [obj for namespace in BOTH for obj in policies(desk, namespace).values()]
    return [one["metadata"]["name"] for one in found if (one["metadata"].get("labels") or {}).get(MANAGED)]


def clean(desk: Desk, number: int) -> None:
    """Nothing of the ticket is left, in the cluster or open on the record, and what others made is as it was."""
    assert desk.state(number) is State.CLOSED, desk.problem(number)
    assert [list(policies(desk, namespace)) for namespace in BOTH] == [[DENY], [DENY]]
    with desk.database.reading() as session:
        assert session.query(CreatedObject).filter(CreatedObject.gone_at.is_(None)).count() == 0


def until_closed(desk: Desk, number: int) -> None:
    for _ in range(3):
        desk.undo(number)


def test_an_apply_that_is_killed_anywhere_is_carried_on_by_another_worker(desk: Desk) -> None:
    two_namespaces(desk)
    for steps in range(1, MOST):
        number = approved(desk, *BOTH)
        killed = dies(desk, steps, apply, number)
        desk.apply(number)
        assert desk.state(number) is State.ACTIVE, (steps, desk.problem(number))
        assert ours(desk) == [name_of(number)] * 2
        desk.close(number)
        clean(desk, number)
        if not killed:
            assert steps > 20
            return
    pytest.fail("it never came through")


def test_an_apply_that_is_killed_anywhere_can_be_ended(desk: Desk) -> None:
    two_namespaces(desk)
    for steps in range(1, MOST):
        number = approved(desk, *BOTH)
        killed = dies(desk, steps, apply, number)
        if desk.ticket(number).writing_from is None:
            # Nothing was written: another worker takes it up again, and is killed no more.
            assert ours(desk) == []
            desk.apply(number)
        desk.release(number)
        until_closed(desk, number)
        clean(desk, number)
        if not killed:
            return
    pytest.fail("it never came through")


def test_an_undo_that_is_killed_anywhere_is_carried_on_by_another_worker(desk: Desk) -> None:
    two_namespaces(desk)
    for steps in range(1, MOST):
        number = active(desk, *BOTH)
        desk.release(number)
        killed = dies(desk, steps, undo, number)
        until_closed(desk, number)
        clean(desk, number)
        if not killed:
            assert steps > 10
            return
    pytest.fail("it never came through")


def test_killed_again_and_again_it_still_ends_clean(desk: Desk) -> None:
    two_namespaces(desk)
    for steps in range(12, 30, 4):
        number = approved(desk, *BOTH)
        for more in range(4):
            dies(desk, steps + more, apply, number)
        if desk.ticket(number).writing_from is None:
            desk.apply(number)
        desk.release(number)
        for more in range(4):
            dies(desk, steps // 2 + more, undo, number)
        until_closed(desk, number)
        clean(desk, number)
