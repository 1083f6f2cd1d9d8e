"""A worker that installs or removes Viz on a real control plane is killed after an object, and another follows.

After any single object where MESHDESK_ALL_POINTS is set, a handful of them otherwise: tests/workers/test_viz_killed.py
has all points on the practice cluster.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from portal.states import State
from tests.unit.viz.bundles import practice
from tests.viz.scene import RealDesk
from tests.workers.egress import Killed

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


@pytest.mark.timeout(600 if ALL else 120)
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
