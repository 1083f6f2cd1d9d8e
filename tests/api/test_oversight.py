"""What Admin is made of, on each kind of database: late and failing work, queues, clusters, the registry's seats."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from portal import queries
from portal.db import database_now
from portal.models import Cluster, GroupRole, Message, Person, Role, Tenant, Ticket
from portal.queries import oversight
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk


def test_late_is_not_failing_and_neither_is_what_goes_well(desk: Desk) -> None:
    failed = desk.failed()["ref"]
    past, stuck, well = (desk.active(fields=world.exception(inbound=str(port)))["ref"] for port in (7000, 7001, 7002))
    desk.expire(stuck)
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        for ref, values in (
            (past, {"expires_at": now - timedelta(minutes=5), "problem": "no route"}),
            (stuck, {"ended_at": now - timedelta(hours=1), "problem": "no route"}),
        ):
            session.execute(update(Ticket).where(Ticket.id == number_of(ref)).values(**values))
    with desk.database.reading() as session:
        now = database_now(session)
        late = [one.ref for one in oversight.late(session, now=now, limit=5)]
        failing = [one.ref for one in oversight.failing(session, now=now, limit=5)]
        assert len(oversight.late(session, now=now, limit=1)) == len(late)
    assert late == [stuck, past]
    assert failing == [failed]
    assert well not in late + failing


def test_queues_tell_what_waits_and_who_took_last(desk: Desk) -> None:
    desk.submitted()
    with desk.database.unit_of_work() as session:
        now = database_now(session)
        due, taken = now - timedelta(minutes=9), now - timedelta(minutes=3)
        session.execute(update(Message).values(due_at=due, taken_at=None))
        values = {"task": "meshdesk.notify", "subject": "mail", "created_at": due, "sent_at": due}
        session.add(Message(queue="notify", due_at=due, taken_at=taken, **values))
        session.add(Message(queue="later", due_at=now + timedelta(hours=1), **values))
    with desk.database.reading() as session:
        found = {one.name: one for one in oversight.queues(session, now=database_now(session))}
    assert set(found) == {"cluster.practice.apply", "notify"}
    assert (found["cluster.practice.apply"].waiting, found["cluster.practice.apply"].oldest) == (1, due)
    assert (found["notify"].waiting, found["notify"].oldest, found["notify"].taken_at) == (0, None, taken)


def test_clusters_that_left_stay_while_something_is_open_there(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        session.execute(update(Cluster).values(active=False))
    with desk.database.reading() as session:
        assert oversight.cluster_states(session, limit=5) == []
    with desk.database.unit_of_work() as session:
        session.execute(update(Cluster).values(active=True))
    desk.submitted()
    with desk.database.unit_of_work() as session:
        session.execute(update(Cluster).values(active=False))
    with desk.database.reading() as session:
        found = oversight.cluster_states(session, limit=5)
    assert [(one.cluster.name, one.draining, one.unproven) for one in found] == [("practice", True, 0)]


def test_seats_are_those_of_people_who_may_act(desk: Desk) -> None:
    desk.post("tenants/emojis/services", {"name": "robot", "title": "R", "roles": ["tenant-owner"]}, "owner")
    with desk.database.unit_of_work() as session:
        session.execute(update(Person).where(Person.name == "partner2").values(active=False))
        session.add(GroupRole(name="leads", tenant_id=None, role=Role.AUDITOR))
    with desk.database.reading() as session:
        by = world.actor(session, "operator")
        emojis = next(one.id for one in queries.tenants(session, by=by, search="EMO", limit=5))
        seats = oversight.seated(session, [emojis, None])
        assert oversight.grouped(session, [emojis, None]) == {(None, Role.AUDITOR): ["leads"]}
        assert oversight.grouped(session, [emojis]) == {}
        owned = [(one.cluster, one.name) for one in oversight.owned(session, [emojis])[emojis]]
        counts = oversight.registry_counts(session)
    assert (seats[emojis, Role.OWNER], seats[emojis, Role.PARTNER]) == (["owner"], ["partner"])
    assert seats[None, Role.OPERATOR] == ["operator", "operator2"]
    assert owned == [("playground", "emojivoto"), ("practice", "emojivoto")]
    assert counts == {"cluster": 2, "tenant": 2, "namespace": 3, "person": 9}


def test_tenants_are_those_that_somebody_sees(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        session.add(Tenant(name="gone", title="Gone", active=False))
    with desk.database.reading() as session:
        for who, names in (("operator", ["books", "emojis"]), ("outsider", ["books"]), ("member", ["emojis"])):
            by = world.actor(session, who)
            assert sorted(one.name for one in queries.tenants(session, by=by, limit=5)) == names
