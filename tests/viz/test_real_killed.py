"""Workers that install or remove Viz on a real control plane are killed after an object, and others follow.

Each after its first object, so that some worker takes over after any single one. Besides, one worker that is killed
alone: after any object where MESHDESK_ALL_POINTS is set, after a handful of them otherwise, for
tests/workers/test_viz_killed.py has all points on the practice cluster.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from portal.states import State
from tests.unit.viz.bundles import BUNDLES, bundle_named, practice
from tests.viz.scene import RealDesk
from tests.workers.egress import Killed
from workers.context import Context

pytestmark = pytest.mark.control_plane

ALL = bool(os.environ.get("MESHDESK_ALL_POINTS"))
OBJECTS = len(practice().objects)
POINTS = range(1, OBJECTS + 1, 1 if ALL else 13)


class Dying:
    """A door to the cluster whose worker dies just after so many calls of one name."""

    def __init__(self, inside: Any, name: str, calls: int) -> None:
        self._inside, self._name, self._left = inside, name, calls

    def __getattr__(self, name: str) -> Any:
        if name != self._name:
            return getattr(self._inside, name)

        def call(*args: Any, **named: Any) -> Any:
            answer = getattr(self._inside, name)(*args, **named)
            self._left -= not named.get("dry_run")
            if self._left <= 0:
                raise Killed
            return answer

        return call


def taken_over(real: RealDesk, number: int, name: str, work: Callable[[Context], object]) -> int:
    """Let each worker die after its first call of that name, and another follow; how many died."""
    dead = 0
    while True:
        try:
            work(real.worker(Dying(real.cluster, name, 1)))
        except Killed:
            dead += 1
            real.lapse(number)
        else:
            return dead


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", BUNDLES)
def test_each_worker_dies_after_its_first_object(real: RealDesk, name: str) -> None:
    bundle = bundle_named(name)
    real.equip(bundle)
    before = real.everything()
    with real.passing() as passing:
        number = real.ask()
        dead = taken_over(real, number, "create_object", lambda by: real.carry(number, by=by))
        assert real.state(number) is State.ACTIVE, real.ticket(number).end_reason
        # The right to tap is three more.
        assert dead == len(bundle.objects) + 3
        real.release(number)
        dead = taken_over(real, number, "delete_object", lambda by: real.finish(number, by=by))
        assert real.state(number) is State.CLOSED
        assert dead > len(bundle.objects)
    assert (passing.problem, passing.stuck) == (None, [])
    assert passing.gone
    assert real.everything() == before
    assert real.labelled() == []


@pytest.mark.timeout(600 if ALL else 300)
@pytest.mark.parametrize("name", ["create_object", "delete_object"])
def test_killed_after_any_object(real: RealDesk, name: str) -> None:
    real.equip(practice())
    before = real.everything()
    for point in POINTS:
        number = real.ask()
        dying = real.worker(Dying(real.cluster, name, point))
        if name == "create_object":
            with pytest.raises(Killed):
                real.carry(number, by=dying)
            real.lapse(number)
        assert real.carry(number) is State.ACTIVE, (point, real.ticket(number).end_reason)
        real.release(number)
        if name == "delete_object":
            with pytest.raises(Killed):
                real.finish(number, by=dying)
            real.lapse(number)
        assert real.finish(number) is State.CLOSED, point
        assert real.everything() == before, point
        real.namespaces_go()
