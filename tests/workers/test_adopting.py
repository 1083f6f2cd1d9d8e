"""What was in the cluster before its ticket: taken over without a restart, kept while it is live, taken out at its end.

Also together with other tickets of the same workload, mended by its owner meanwhile, and by a worker that is killed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import database_now
from portal.errors import Duplicate, Forbidden, WrongState
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND
from portal.mesh.holes import Code
from portal.models import Notice, PostureHole, Ticket
from portal.states import Adopts, Outcome, State
from portal.tickets import adopting, ending
from portal.tickets.adopting import Terms
from tests import postures
from tests.workers.desk import EMOJI, SHORTEST, Desk, Interrupted
from workers.inventory import refresh
from workers.sweep import sweep

OWN = {"reason": "It was there before."}


class Killed(BaseException):
    """The worker's process is gone."""


def found(desk: Desk, annotations: dict[str, Any], code: Code, **changes: Any) -> int:
    """A hole that an owner made on emoji's pod template, as posture and the inventory see it; its number."""
    desk.edit(annotations)
    refresh(desk.context, "practice")
    with desk.database.unit_of_work() as session:
        return postures.hole(session, database_now(session), "emoji", code, **changes).id


def adopt(desk: Desk, hole: int, *, who: str = "operator", **terms: Any) -> int:
    """Make a ticket of it; its number."""
    with desk.acting(who) as (session, by):
        said = Terms(**{**OWN, "shortest": SHORTEST, **terms})
        return adopting.adopt(session, hole, said, by=by, now=database_now(session)).id


def adopted(desk: Desk, annotations: dict[str, Any], code: Code) -> int:
    """A ticket that took it over and is active; its number."""
    number = adopt(desk, found(desk, annotations, code))
    desk.approve(number)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE, desk.problem(number)
    return number


def pods(desk: Desk) -> set[str]:
    return {pod["metadata"]["uid"] for pod in desk.practice.pods(desk.object(EMOJI))}


@pytest.mark.parametrize(
    ("annotations", "code", "left"),
    [
        ({SKIP_INBOUND: "4567,8080,4568"}, Code.SKIP_INBOUND, {}),
        ({SKIP_INBOUND: "8080"}, Code.SKIP_INBOUND, {SKIP_INBOUND: ""}),
        (
            {SKIP_INBOUND: "8080,4567", DEBUG_SIDECAR: "false"},
            Code.SKIP_INBOUND,
            {SKIP_INBOUND: "4567", DEBUG_SIDECAR: "false"},
        ),
        ({INJECT: "disabled"}, Code.UNMESHED, {}),
        ({DEBUG_SIDECAR: "true"}, Code.DEBUG, {}),
        ({DEBUG_SIDECAR: "1"}, Code.DEBUG, {}),
    ],
)
def test_nothing_restarts_when_it_begins_and_its_end_takes_it_out(
    desk: Desk, annotations: dict[str, str], code: Code, left: dict[str, str]
) -> None:
    number = adopt(desk, found(desk, annotations, code))
    before, running = desk.annotations(), pods(desk)
    desk.approve(number)
    [note] = [one for one in desk.evidence(number, "preflight")["findings"] if one["code"] == "adopts-what-is-there"]
    assert "Nothing restarts now" in note["meaning"]
    assert not desk.evidence(number, "preflight")["targets"][0]["change"]["unified"]
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE, desk.problem(number)
    assert (desk.annotations(), pods(desk)) == (before, running)
    assert desk.mark() == f"MD-{number};1"
    desk.run_out(number)
    sweep(desk.context)
    desk.deliver("meshdesk.undo")
    assert desk.state(number) is State.CLOSED, desk.problem(number)
    assert (desk.annotations(), desk.mark()) == (left, None)
    assert not pods(desk) & running


def test_the_tenant_answers_and_the_operator_does_not_decide(desk: Desk) -> None:
    number = adopt(desk, found(desk, {SKIP_INBOUND: "8080"}, Code.SKIP_INBOUND))
    desk.preflight(number)
    ticket = desk.ticket(number)
    assert (ticket.requester.name, ticket.asked_by.name if ticket.asked_by else "") == ("member", "operator")
    assert (ticket.adopts, ticket.state, ticket.fields["inbound"]) == (Adopts.KEEP, State.PENDING, "8080")
    assert ticket.fields["application_encryption"]["encrypted"] is False
    assert "made by kubectl-edit" in ticket.reason
    with pytest.raises(Forbidden):
        desk.decide(number, "operator")
    assert "hole:adopted" in desk.events(number)
    with desk.database.reading() as session:
        [told] = session.scalars(select(Notice).where(Notice.sort == "hole"))
        assert (told.data["told"], told.data["headline"]) == (
            ["member", "owner"],
            "was made of a hole in your encryption",
        )


def test_a_rejected_one_changes_nothing(desk: Desk) -> None:
    hole = found(desk, {SKIP_INBOUND: "8080"}, Code.SKIP_INBOUND)
    number, before = adopt(desk, hole), desk.object()
    desk.preflight(number)
    desk.decide(number, "partner", "reject")
    desk.apply(number)
    assert desk.object()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    again = adopt(desk, hole)
    assert again != number
    with pytest.raises(Duplicate, match=f"MD-{again} was made of this"):
        adopt(desk, hole)


def test_another_ticket_of_the_workload_keeps_its_own(desk: Desk) -> None:
    other = desk.active("7001")
    number = adopted(desk, {SKIP_INBOUND: "4567,4568,7001,8080"}, Code.SKIP_INBOUND)
    assert desk.ticket(number).fields["inbound"] == "8080"
    desk.close(number)
    assert desk.annotations() == {SKIP_INBOUND: "4567,4568,7001"} or desk.annotations() == {
        SKIP_INBOUND: "4567-4568,7001"
    }
    desk.close(other)
    assert (desk.annotations(), desk.mark()) == ({}, None)


def test_what_another_ticket_wants_too_stays_until_both_are_over(desk: Desk) -> None:
    number = adopted(desk, {SKIP_INBOUND: "4567,4568,8080"}, Code.SKIP_INBOUND)
    other = desk.active("8080,7001")
    desk.close(number)
    assert desk.annotations() == {SKIP_INBOUND: "4567-4568,7001,8080"}
    desk.close(other)
    assert (desk.annotations(), desk.mark()) == ({}, None)


def test_what_its_owner_mended_is_never_written_again(desk: Desk) -> None:
    number = adopt(desk, found(desk, {SKIP_INBOUND: "8080"}, Code.SKIP_INBOUND))
    desk.approve(number)
    desk.edit({SKIP_INBOUND: None})
    desk.apply(number)
    assert desk.state(number) is State.FAILED
    assert "nothing to take over" in desk.problem(number)
    assert desk.annotations() == {}
    desk.preflight(number)


def test_mended_between_the_look_and_the_write_it_is_told_and_not_written(desk: Desk) -> None:
    number = adopt(desk, found(desk, {SKIP_INBOUND: "8080"}, Code.SKIP_INBOUND))
    desk.approve(number)
    door = Interrupted(desk.practice)
    door.before["patch_workload"] = lambda: desk.edit({SKIP_INBOUND: None})
    desk.apply(number, by=desk.worker(door))
    assert desk.annotations() == {}
    assert "removed entries" in desk.problem(number)
    desk.close(number)
    assert (desk.state(number), desk.annotations(), desk.mark()) == (State.CLOSED, {}, None)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_at_the_write_leaves_nothing_unknown(desk: Desk, moment: str) -> None:
    number = adopt(desk, found(desk, {SKIP_INBOUND: "4567,4568,8080"}, Code.SKIP_INBOUND))
    desk.approve(number)
    running, door = pods(desk), Interrupted(desk.practice)

    def die() -> None:
        raise Killed

    getattr(door, moment)["patch_workload"] = die
    with pytest.raises(Killed):
        desk.apply(number, by=desk.worker(door))
    desk.lapse_lease(number)
    desk.apply(number)
    assert (desk.state(number), pods(desk)) == (State.ACTIVE, running)
    desk.close(number)
    assert (desk.annotations(), desk.mark()) == ({}, None)


def test_revoked_before_a_worker_took_it_over_it_is_taken_out_all_the_same(desk: Desk) -> None:
    number = adopt(desk, found(desk, {INJECT: "disabled"}, Code.UNMESHED))
    desk.approve(number)
    door = Interrupted(desk.practice)

    def die() -> None:
        raise Killed

    door.before["workload"] = lambda: door.before.update(workload=die)
    with pytest.raises(Killed):
        desk.apply(number, by=desk.worker(door))
    with desk.acting("operator") as (session, by):
        assert session.get_one(Ticket, number).writing_from is not None
        ending.revoke(session, number, reason="no", by=by, now=database_now(session))
    desk.undo(number)
    assert (desk.state(number), desk.annotations(), desk.mark()) == (State.CLOSED, {}, None)


def test_a_hole_is_closed_by_ticket_without_anybodys_approval(desk: Desk) -> None:
    number = adopt(desk, found(desk, {INJECT: "disabled"}, Code.UNMESHED), becomes=Adopts.CLOSE)
    running = pods(desk)
    desk.preflight(number)
    assert desk.state(number) is State.APPROVED
    desk.apply(number)
    assert desk.state(number) is State.REVERTING
    desk.deliver("meshdesk.undo")
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome) == (State.CLOSED, Outcome.REVOKED)
    assert (desk.annotations(), desk.mark()) == ({}, None)
    assert not pods(desk) & running
    assert "hole:closing" in desk.events(number)


def test_what_no_kind_expresses_becomes_a_ticket_for_people(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        hole = postures.hole(
            session,
            database_now(session),
            "emoji",
            Code.PROXY_USER,
            detail={"values": [["config.linkerd.io/proxy-uid", "1000"]], "pods": 1, "of": 1},
        ).id
    ticket = desk.ticket(adopt(desk, hole))
    assert (ticket.kind, ticket.adopts, ticket.tenant.name) == ("generic", None, "emojis")
    assert "proxy-user" in ticket.fields["title"]
    assert "1000" in ticket.fields["text"]


def test_what_no_tenant_owns_is_refused_with_what_to_do(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        hole = postures.hole(session, now, "cache", Code.UNMESHED, namespace="nobodys").id
        left = postures.hole(session, now, "emoji", Code.OLD_PROXY).id
        gone = postures.hole(session, now, "emoji", Code.DECOY, gone_at=now).id
        told = postures.hole(session, now, "emoji", Code.PROXY_IMAGE, unexplained_since=None, tickets=[7]).id
    for number, sentence in (
        (hole, "in the registry first"),
        (left, "restart its pods"),
        (gone, "saw that it is gone"),
        (told, "MD-7 explains"),
    ):
        with pytest.raises(WrongState, match=sentence):
            adopt(desk, number)
    with pytest.raises(Forbidden):
        adopt(desk, hole, who="owner")


def test_a_template_that_would_still_get_no_proxy_becomes_a_ticket_for_people(desk: Desk) -> None:
    desk.practice.apply_as(
        "kubectl", EMOJI.__class__("namespace", "", "emojivoto"), {"metadata": {"annotations": {INJECT: None}}}
    )
    assert desk.ticket(adopt(desk, found(desk, {INJECT: "disabled"}, Code.UNMESHED))).kind == "generic"


def test_a_longer_time_than_its_rule_allows_is_refused_and_none_is_its_longest(desk: Desk) -> None:
    hole = found(desk, {SKIP_INBOUND: "8080"}, Code.SKIP_INBOUND)
    assert desk.ticket(adopt(desk, hole)).duration == timedelta(days=30)
    with desk.database.reading() as session:
        assert session.get_one(PostureHole, hole).ticket_id is not None
