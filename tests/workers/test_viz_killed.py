"""A worker that installs or removes Viz is killed after any one of its cluster calls or commits, and another follows:
the cluster ends as it was before, not one object left.

All points of a small bundle that has every stage, and samples of the whole one.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.states import State
from tests.workers.desk import Desk
from tests.workers.egress import Killed, Life, MortalCluster, MortalDatabase
from tests.workers.viz import (
    THERE,
    active,
    approved,
    carry,
    close,
    equip,
    everything,
    finish,
    lapse,
    release,
    small,
)
from workers.context import Context

PARTS = 8
ENDLESS = 10**9
# Which database it is makes no difference to what a crash leaves; the samples run on both.
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Carry = Callable[[Desk, Context], object]


def mortal(desk: Desk, life: Life) -> Context:
    """A worker with so long to live."""
    database = MortalDatabase(desk.database, life)
    return Context(desk.context.config, database, lambda _: MortalCluster(desk.practice, life))  # type: ignore[arg-type,return-value]


def steps_of(desk: Desk, carry_on: Carry) -> int:
    """How many calls and commits that takes when nothing happens."""
    life = Life(ENDLESS)
    carry_on(desk, mortal(desk, life))
    return ENDLESS - life.left


def killed(desk: Desk, steps: int, carry_on: Carry) -> None:
    """Let a worker die after so many steps of it."""
    with pytest.raises(Killed):
        carry_on(desk, mortal(desk, Life(steps)))


def through(desk: Desk, *, install: int | None = None, remove: int | None = None) -> tuple[int, int]:
    """One ticket from asking to closed, its worker killed after so many steps; how many steps both parts have."""
    number = approved(desk)
    counted = [0, 0]

    def installing(desk: Desk, by: Context) -> object:
        return carry(desk, number, by=by)

    def removing(desk: Desk, by: Context) -> object:
        return finish(desk, number, by=by)

    if install is None:
        counted[0] = steps_of(desk, installing)
    else:
        killed(desk, install, installing)
        lapse(desk, number)
    assert carry(desk, number) is State.ACTIVE, (install, desk.problem(number), desk.ticket(number).progress)
    release(desk, number)
    if remove is None:
        counted[1] = steps_of(desk, removing)
    else:
        killed(desk, remove, removing)
        lapse(desk, number)
    assert finish(desk, number) is State.CLOSED, (remove, desk.problem(number), desk.ticket(number).progress)
    return counted[0], counted[1]


@ON_ONE
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_any_step_of_the_installation(desk: Desk, part: int) -> None:
    equip(desk, small())
    before = everything(desk)
    steps, _ = through(desk)
    for step in range(1 + part, steps, PARTS):
        through(desk, install=step)
        assert everything(desk) == before, step


@ON_ONE
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_after_any_step_of_the_removal(desk: Desk, part: int) -> None:
    equip(desk, small())
    before = everything(desk)
    _, steps = through(desk)
    for step in range(1 + part, steps, PARTS):
        through(desk, remove=step)
        assert everything(desk) == before, step


@ON_ONE
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_while_installing_and_released_at_once(desk: Desk, part: int) -> None:
    """Half an installation is taken away again, whatever of it is there."""
    equip(desk, small())
    before = everything(desk)
    steps, _ = through(desk)
    for step in range(1 + part, steps, PARTS):
        number = approved(desk)
        killed(desk, step, lambda desk, by, number=number: carry(desk, number, by=by))  # type: ignore[misc]
        lapse(desk, number)
        if desk.ticket(number).writing_from is None:
            carry(desk, number)
        release(desk, number)
        assert finish(desk, number) is State.CLOSED, (step, desk.ticket(number).progress)
        assert everything(desk) == before, step


def test_killed_at_samples_of_the_whole_bundle(desk: Desk) -> None:
    equip(desk)
    before = everything(desk)
    install, remove = through(desk)
    for step in range(5, install, 47):
        through(desk, install=step)
        assert everything(desk) == before, step
    for step in range(7, remove, 53):
        through(desk, remove=step)
        assert everything(desk) == before, step


def test_killed_while_the_second_joins(desk: Desk) -> None:
    equip(desk, small())
    before = everything(desk)
    first = active(desk, THERE, who="outsider")
    joined = everything(desk)
    steps, _ = through(desk)
    for step in range(1, steps, 5):
        through(desk, install=step)
        assert everything(desk).keys() == joined.keys(), step
    assert close(desk, first, who="outsider") is State.CLOSED
    assert everything(desk) == before
