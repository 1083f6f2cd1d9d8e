"""A renewal joins before the old window ends: no gap in the annotation, and the old one closes as replaced."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.errors import Invalid
from portal.mesh.annotations import SKIP_INBOUND
from portal.states import State
from portal.tickets import ending
from portal.tickets.next_step import next_step
from tests.workers.desk import Desk, Interrupted
from workers.cluster.protocol import Object


class Watched(Interrupted):
    """A door that notes the list after every write."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.practice)
        self.lists: list[str | None] = []
        self._desk = desk

    def patch_workload(self, *args: object, **named: object) -> Object:
        answer: Object = self.inside.patch_workload(*args, **named)  # type: ignore[arg-type]
        self.lists.append(self._desk.annotations().get(SKIP_INBOUND))
        return answer


def test_a_renewal_joins_before_the_old_window_ends(desk: Desk) -> None:
    old = desk.active("7001")
    generation = desk.object()["spec"]
    new = desk.approved("7001", renews=f"MD-{old}")
    door = Watched(desk)
    desk.apply(new, by=desk.worker(door))
    ticket = desk.ticket(old)
    assert (desk.state(new), ticket.state, ticket.outcome) == (State.ACTIVE, State.REVERTING, "replaced")
    assert ticket.end_reason == f"MD-{new} follows it."
    desk.deliver("meshdesk.undo")
    assert (desk.state(old), desk.ticket(old).outcome) == (State.CLOSED, "replaced")
    said = f"It is over (replaced): MD-{new} follows it. What it opened stays for as long as that ticket does."
    assert next_step(desk.ticket(old), []) == said
    assert set(door.lists) == {"4567-4568,7001"}
    assert desk.object()["spec"] == generation
    assert desk.mark() is not None
    desk.close(new)
    assert (desk.state(new), desk.annotations(), desk.mark()) == (State.CLOSED, {}, None)


def test_a_renewal_counts_its_own_window(desk: Desk) -> None:
    old = desk.active("7001")
    new = desk.approved("7001", renews=f"MD-{old}")
    desk.apply(new)
    first, second = desk.ticket(old), desk.ticket(new)
    assert first.expires_at is not None
    assert second.expires_at is not None
    assert second.expires_at > first.expires_at


def test_a_renewal_whose_old_window_ended_meanwhile_opens_by_itself(desk: Desk) -> None:
    old = desk.active("7001")
    new = desk.approved("7001", renews=f"MD-{old}")
    desk.close(old)
    assert desk.annotations() == {}
    desk.apply(new)
    assert (desk.state(new), desk.ticket(old).outcome) == (State.ACTIVE, "released")
    assert desk.annotations()[SKIP_INBOUND] == "4567-4568,7001"


def test_a_renewal_brings_back_what_was_taken_out_of_the_old_one(desk: Desk) -> None:
    old = desk.active("7001")
    desk.edit({SKIP_INBOUND: None})
    desk.look()
    new = desk.approved("7001", renews=f"MD-{old}")
    desk.apply(new)
    assert desk.annotations()[SKIP_INBOUND] == "4567-4568,7001"
    desk.deliver("meshdesk.undo")
    assert (desk.state(old), desk.annotations()[SKIP_INBOUND]) == (State.CLOSED, "4567-4568,7001")


def test_only_an_open_window_of_the_same_content_is_renewed(desk: Desk) -> None:
    pending = desk.ask("7001")
    with pytest.raises(Invalid, match="not an open window of the same content"):
        desk.ask("7001", renews=f"MD-{pending}")
    with desk.acting("member") as (session, member):
        ending.withdraw(session, pending, reason="", by=member, now=datetime.now(UTC))
    open_ = desk.active("7001")
    with pytest.raises(Invalid, match="not an open window of the same content"):
        desk.ask("7002", renews=f"MD-{open_}")
