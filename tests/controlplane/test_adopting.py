"""Taking over and closing on a real control plane: found by posture, no pod restarts at first, gone and proven after.

Meshdesk works with the rights of deploy/worker-rbac.yaml and no others.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.config import Config
from portal.db import Database, database_now
from portal.mesh.annotations import SKIP_INBOUND
from portal.mesh.workloads import WorkloadRef, template_annotations
from portal.models import Namespace, PostureHole, Tenant, Ticket
from portal.states import Adopts, State
from portal.tickets import adopting, deciding, ending
from portal.tickets.adopting import Terms
from tests import world as rows
from tests.contract.real_world import WORKER, as_user, grant_file
from tests.controlplane.client import wait_for
from tests.controlplane.harness import ControlPlane
from tests.controlplane.world import World, wait_until_running
from workers.apply import apply
from workers.context import Context
from workers.inventory import refresh
from workers.posture import read_posture
from workers.preflight import preflight
from workers.undo import undo

pytestmark = pytest.mark.control_plane
LISTED = {SKIP_INBOUND: "4567,4568,8080"}


class Room:
    """emojivoto on the control plane, the people of the world, and a worker called by hand."""

    def __init__(self, world: World, database: Database) -> None:
        self.world, self.client, self.database = world, world.plane.client, database
        self.emoji = WorkloadRef("deployment", world.emojivoto, "emoji")
        grant_file(world.plane, WORKER)
        self.cluster = as_user(world.plane, WORKER)
        self.context = Context(Config(), database, lambda _: self.cluster)
        with database.unit_of_work() as session:
            rows.build(session)
            session.flush()
            tenant = session.scalars(select(Tenant).where(Tenant.name == "emojis")).one()
            session.add(Namespace(cluster="practice", name=world.emojivoto, tenant_id=tenant.id))

    def found(self) -> list[PostureHole]:
        """The holes of emoji that stand, as posture reads them now."""
        read_posture(self.context, "practice")
        with self.database.reading() as session:
            here = (PostureHole.namespace == self.world.emojivoto, PostureHole.name == "emoji")
            return list(session.scalars(select(PostureHole).where(*here, PostureHole.gone_at.is_(None))))

    def ticket(self, becomes: Adopts) -> int:
        """A ticket of the hole that an owner makes now; its preflight has run."""
        change = {"spec": {"template": {"metadata": {"annotations": LISTED}}}}
        self.client.patch("Deployment", "emoji", self.world.emojivoto, change)
        wait_until_running(self.client, self.world.emojivoto)
        refresh(self.context, "practice")
        hole = wait_for(self.found, "posture finds it")[0]
        with self.database.unit_of_work() as session:
            terms = Terms("it was there", timedelta(seconds=60), becomes=becomes)
            by = rows.actor(session, "operator")
            number = adopting.adopt(session, hole.id, terms, by=by, now=database_now(session)).id
        preflight(self.context, number)
        return number

    def decide(self, number: int) -> None:
        for who in ("owner", "partner"):
            with self.database.unit_of_work() as session:
                verdict = deciding.Verdict("approve", "", session.get_one(Ticket, number).version)
                deciding.decide(session, number, verdict, by=rows.actor(session, who), now=database_now(session))

    def state(self, number: int) -> State:
        with self.database.reading() as session:
            return session.get_one(Ticket, number).state

    def until(self, number: int, state: State) -> None:
        """Have the worker go on until the ticket is in a state."""

        def comes() -> bool:
            (undo if self.state(number) is State.REVERTING else apply)(self.context, number)
            return self.state(number) is state

        wait_for(comes, f"MD-{number} is {state}", seconds=60)

    def pods(self) -> set[str]:
        found = self.client.list("Pod", self.world.emojivoto)
        return {pod["metadata"]["uid"] for pod in found if pod["metadata"]["name"].startswith("emoji-")}

    def listed(self) -> str | None:
        return template_annotations(self.cluster.workload(self.emoji)).get(SKIP_INBOUND)


@pytest.fixture
def room(world: World, control_plane: ControlPlane, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Room]:
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    made = Room(world, database)
    yield made
    made.cluster.close()
    database.dispose()


def test_it_is_taken_over_without_a_restart_explained_and_taken_out(room: Room) -> None:
    number = room.ticket(Adopts.KEEP)
    running = room.pods()
    room.decide(number)
    room.until(number, State.ACTIVE)
    assert (room.pods(), room.listed()) == (running, LISTED[SKIP_INBOUND])
    [hole] = room.found()
    assert (hole.tickets, hole.unexplained_since, hole.ticket_id) == ([number], None, number)
    with room.database.unit_of_work() as session:
        ending.revoke(session, number, reason="done", by=rows.actor(session, "owner"), now=database_now(session))
    room.until(number, State.CLOSED)
    assert (room.listed(), room.pods() & running, room.found()) == (None, set(), [])


def test_it_is_closed_by_ticket(room: Room) -> None:
    number = room.ticket(Adopts.CLOSE)
    assert room.state(number) is State.APPROVED
    room.until(number, State.CLOSED)
    assert (room.listed(), room.found()) == (None, [])
