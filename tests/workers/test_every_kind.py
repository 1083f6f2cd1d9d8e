"""What holds for every kind that changes a cluster: several targets in one ticket, renewals without a gap, a start at a
set time, an early release, targets that somebody deletes, and that in the end the cluster is as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from portal.kinds.registry import KINDS
from portal.mesh.annotations import MARK
from portal.mesh.objects import MANAGED
from portal.mesh.viz.names import annotations_of, labels_of
from portal.models import Message, Ticket
from portal.states import State
from tests.workers.desk import Desk, Interrupted
from tests.workers.kinds import SORTS, Sort
from tests.workers.viz import carry, everything, finish, release
from workers.cluster.protocol import Object
from workers.sweep import sweep

WRITES = ("patch_workload", "patch_object", "create_object", "delete_object")
# What an API server and controllers count by themselves.
COUNTED = ("resourceVersion", "generation", "managedFields")
# On both databases each kind's own tests run; what is alike in all of them needs one.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
every_kind = pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS)


class Watched(Interrupted):
    """A door that notes after every write whether all that the kind asks for is there."""

    def __init__(self, desk: Desk, sort: Sort) -> None:
        super().__init__(desk.practice)
        self._desk, self._sort = desk, sort
        self.whole: list[bool] = []

    def __getattr__(self, name: str) -> Any:
        inside = super().__getattr__(name)

        def call(*args: Any, **named: Any) -> Any:
            answer = inside(*args, **named)
            self.whole.append(self._sort.is_whole(self._desk))
            return answer

        return call if name in WRITES else inside


def shown(desk: Desk) -> dict[str, Object]:
    """What people wrote of everything in the cluster."""
    return {name: _written(obj) for name, obj in everything(desk).items()}


def _written(obj: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in COUNTED and value}
    annotations = {k: v for k, v in annotations_of(obj).items() if k != "deployment.kubernetes.io/revision"}
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")} | {
        "metadata": {**metadata, "annotations": annotations}
    }


def close(desk: Desk, number: int) -> State:
    release(desk, number)
    return finish(desk, number)


@pytest.mark.usefixtures("database_url")
def test_every_kind_that_changes_a_cluster_is_here() -> None:
    assert {sort.kind for sort in SORTS.values()} == {name for name, kind in KINDS.items() if kind.has_cluster_change}


@every_kind
def test_one_ticket_has_several_targets_and_its_release_leaves_nothing(desk: Desk, sort: Sort) -> None:
    sort.prepare(desk)
    before = shown(desk)
    number = sort.active(desk)
    assert sort.is_whole(desk)
    assert len(desk.ticket(number).targets) >= len(sort.targets) == 2
    assert close(desk, number) is State.CLOSED
    assert (desk.ticket(number).outcome, shown(desk)) == ("released", before)


@every_kind
def test_a_renewal_takes_over_and_nothing_is_undone_in_between(desk: Desk, sort: Sort) -> None:
    sort.prepare(desk)
    before = shown(desk)
    old = sort.active(desk)
    new = sort.ask(desk, renews=old)
    door = Watched(desk, sort)
    assert carry(desk, new, by=desk.worker(door)) is State.ACTIVE, desk.problem(new)
    assert (desk.state(old), desk.ticket(old).outcome) == (State.REVERTING, "replaced")
    assert finish(desk, old, by=desk.worker(door)) is State.CLOSED
    assert door.whole
    assert all(door.whole)
    assert sort.is_whole(desk)
    desk.look()
    assert (desk.state(new), desk.problem(new)) == (State.ACTIVE, "")
    assert close(desk, new) is State.CLOSED
    assert shown(desk) == before


@every_kind
def test_what_starts_later_writes_nothing_before(desk: Desk, sort: Sort) -> None:
    sort.prepare(desk)
    before = shown(desk)
    number = sort.ask(desk, starts_at=datetime.now(UTC) + timedelta(hours=1))
    desk.deliver("meshdesk.apply")
    desk.apply(number)
    sweep(desk.context)
    assert desk.deliver("meshdesk.apply") == 0
    assert (desk.state(number), shown(desk)) == (State.APPROVED, before)
    past = datetime.now(UTC) - timedelta(seconds=10)
    with desk.database.unit_of_work() as session:
        times = {"starts_at": past, "next_attempt_at": past, "updated_at": past}
        session.execute(update(Ticket).where(Ticket.id == number).values(**times))
    sweep(desk.context)
    assert desk.deliver("meshdesk.apply") == 1
    assert carry(desk, number) is State.ACTIVE
    assert sort.is_whole(desk)


@every_kind
def test_targets_that_somebody_deletes_end_the_ticket_with_that_reason(desk: Desk, sort: Sort) -> None:
    sort.prepare(desk)
    number = sort.active(desk)
    first, last = sort.targets
    desk.practice.delete(first)
    desk.look()
    assert desk.state(number) is State.ACTIVE
    desk.practice.delete(last)
    desk.look()
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome, ticket.ended_by) == (State.REVERTING, "target gone", "meshdesk-worker")
    assert finish(desk, number) is State.CLOSED
    assert_nothing_of_ours_is_left(desk)


@every_kind
def test_what_was_noted_as_closed_too_early_is_taken_away_by_the_next_looks(desk: Desk, sort: Sort) -> None:
    sort.prepare(desk)
    before = shown(desk)
    number = sort.active(desk)
    with desk.database.unit_of_work() as session:
        session.execute(update(Ticket).where(Ticket.id == number).values(state=State.CLOSED))
    for _ in range(5):
        desk.look()
        with desk.database.unit_of_work() as session:
            # What a look leaves for ten seconds later is due by now.
            session.execute(update(Message).values(due_at=datetime.now(UTC)))
        desk.deliver("meshdesk.converge")
    assert shown(desk) == before


def assert_nothing_of_ours_is_left(desk: Desk) -> None:
    for name, obj in everything(desk).items():
        assert MANAGED not in labels_of(obj), name
        assert MARK not in annotations_of(obj), name
