"""The guard's task and the sweep, on a practice cluster: what it cannot do it says, and no ticket waits for it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.db import database_now
from portal.mesh.guard.names import NAMESPACE, PARAMETERS
from portal.mesh.objects import ObjectRef
from portal.models import Cluster, GuardState, Message
from portal.queries import guard as queries
from portal.states import State
from portal.tickets import guarding
from tests import world
from tests.workers.desk import Desk
from workers.cluster.practice_world import namespace
from workers.guard.task import call_for_guards, guard

REF = ObjectRef("v1", "ConfigMap", NAMESPACE, PARAMETERS)


def switch(desk: Desk, mode: str) -> None:
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").guard = mode


def state(desk: Desk) -> GuardState | None:
    with desk.database.reading() as session:
        return session.get(GuardState, "practice")


def called(desk: Desk) -> list[str]:
    with desk.database.reading() as session:
        waiting = select(Message.subject).where(Message.task == "meshdesk.guard", Message.taken_at.is_(None))
        return list(session.scalars(waiting))


def test_off_it_leaves_no_trace_and_is_never_called(desk: Desk) -> None:
    guard(desk.context, "practice")
    call_for_guards(desk.context)
    desk.close(desk.active("8443"))
    assert (state(desk), called(desk)) == (None, [])


def test_without_its_namespace_it_says_what_to_apply_and_tickets_go_on(desk: Desk) -> None:
    switch(desk, "deny")
    call_for_guards(desk.context)
    call_for_guards(desk.context)
    assert called(desk) == ["practice"]
    desk.deliver("meshdesk.guard")
    found = state(desk)
    assert found is not None
    assert found.problem == (
        "There is no namespace meshdesk-guard on cluster practice: apply deploy/worker-guard-rbac.yaml there."
    )
    desk.close(desk.active("8443"))


def test_a_practice_cluster_guards_nothing_and_says_so(desk: Desk) -> None:
    switch(desk, "deny")
    desk.practice.create(namespace(NAMESPACE, {}))
    with desk.acting("operator") as (session, operator):
        guarding.ask(session, "practice", by=operator, now=database_now(session))
    desk.deliver("meshdesk.guard")
    found = state(desk)
    assert found is not None
    assert "Cluster practice does not serve ValidatingAdmissionPolicy" in str(found.problem)
    assert found.in_step_at is None


def test_parameters_follow_tickets_from_before_the_write_to_their_end(desk: Desk) -> None:
    switch(desk, "warn")
    desk.practice.create(namespace(NAMESPACE, {}))
    first, second = desk.active("8443"), desk.active("9443", workload="deployment/voting")
    held = desk.practice.object(REF)["data"]["emojivoto"]
    assert [one.split(" ")[:2] for one in held.splitlines()] == [
        ["deployment/emoji", f"MD-{first}"],
        ["deployment/voting", f"MD-{second}"],
    ]
    desk.release(first)
    assert called(desk) == ["practice"]
    desk.deliver("meshdesk.guard")
    assert f"MD-{first}" not in desk.practice.object(REF)["data"]["emojivoto"]
    desk.undo(first)
    desk.close(second)
    assert desk.state(second) is State.CLOSED
    assert "emojivoto" not in desk.practice.object(REF).get("data", {})


def test_what_the_cluster_still_lets_pass_after_its_end_stands_late(desk: Desk) -> None:
    switch(desk, "deny")
    desk.practice.create(namespace(NAMESPACE, {}))
    number = desk.active("8443")
    guard(desk.context, "practice")
    assert late(desk) == []
    desk.practice.set("unreachable", True)
    desk.release(number)
    desk.deliver("meshdesk.guard")
    assert late(desk) == [(f"MD-{number}", "deployment/emoji")]
    assert late(desk, "outsider") == []
    with desk.database.reading() as session:
        far = database_now(session) + timedelta(days=1)
        assert queries.standing(session, "practice", by=world.actor(session, "auditor"), now=far).late
    desk.practice.set("unreachable", False)
    desk.undo(number)
    guard(desk.context, "practice")
    assert late(desk) == []


def test_a_cluster_that_leaves_the_registry_loses_it(desk: Desk) -> None:
    switch(desk, "deny")
    guard(desk.context, "practice")
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").active = False
        guarding.follow(session, now=database_now(session))
    assert called(desk) == ["practice"]
    desk.deliver("meshdesk.guard")
    found = state(desk)
    assert found is not None
    assert (found.problem, found.amiss) == (None, [])


def late(desk: Desk, who: str = "member") -> list[tuple[str, str]]:
    with desk.acting(who) as (session, actor):
        found = queries.standing(session, "practice", by=actor, now=database_now(session)).late
        return [(one["ticket"], one["workload"]) for one in found]
