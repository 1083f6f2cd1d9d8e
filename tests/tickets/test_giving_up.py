"""A cluster that is gone for good: two operators say so, and what could not be undone is closed, unproven for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal import audit, queries
from portal.access.actor import Actor
from portal.errors import Forbidden, LostClaim, NotFound, WrongState
from portal.models import Cluster, Membership, Person, Role, Source
from portal.states import MOVES, State
from portal.tickets import carrying_out
from portal.tickets.giving_up import GivenUp, give_up
from tests import world
from tests.tickets.test_following import apply, plan, present, without_cluster
from tests.workers.desk import Desk


def gone(desk: Desk, who: str, reason: str = "its provider deleted it", *, name: str = "practice") -> GivenUp:
    with desk.acting(who) as (session, actor):
        return give_up(session, name, reason=reason, by=actor, now=datetime.now(UTC))


@pytest.fixture
def stuck(desk: Desk) -> int:
    """A ticket that is being undone on a cluster that left the registry."""
    number = desk.active("7001")
    apply(desk, without_cluster(desk))
    return number


def test_it_takes_two_operators(desk: Desk, stuck: int) -> None:
    assert gone(desk, "operator") == GivenUp("practice", ["operator"], [])
    assert desk.state(stuck) is State.REVERTING
    with pytest.raises(WrongState, match="takes another operator"):
        gone(desk, "operator")
    assert gone(desk, "operator2", "seen in the invoice") == GivenUp(
        "practice", ["operator", "operator2"], [f"MD-{stuck}"]
    )
    ticket = desk.ticket(stuck)
    assert (ticket.state, ticket.outcome) == (State.CLOSED, "unproven")
    assert (ticket.end_reason or "").startswith(
        "Cluster practice is gone for good, say operator and operator2. Before: revoked, Cluster practice is no longer"
    )
    with desk.database.reading() as session:
        closing = queries.events(session, f"MD-{stuck}")[-1]
        told = queries.events(session, audit.SYSTEM_CHAIN)[-2:]
        assert list(audit.verify(session)) == []
    words = {"operators": ["operator", "operator2"], "reasons": ["its provider deleted it", "seen in the invoice"]}
    assert closing.type == "ticket:closed"
    assert (closing.payload or {}).items() >= {**words, "before": "revoked", "outcome": "unproven"}.items()
    assert [event.type for event in told] == ["cluster:said-gone", "cluster:gone"]
    assert (told[1].payload or {}) == {**words, "cluster": "practice", "tickets": [f"MD-{stuck}"]}


def test_a_worker_that_still_holds_it_closes_nothing(desk: Desk, stuck: int) -> None:
    with desk.database.unit_of_work() as session:
        claimed = carrying_out.claim(session, stuck, task="meshdesk.undo", lease=timedelta(seconds=15))
    assert claimed is not None
    gone(desk, "operator")
    gone(desk, "operator2")
    with pytest.raises(LostClaim), desk.database.unit_of_work() as session:
        carrying_out.settle_closed(session, claimed[1], progress={})
    assert desk.ticket(stuck).outcome == "unproven"


@pytest.mark.parametrize("who", ["owner", "partner", "auditor"])
@pytest.mark.usefixtures("stuck")
def test_only_operators_say_so(desk: Desk, who: str) -> None:
    with pytest.raises(Forbidden, match="Only a platform operator may say that a cluster is gone"):
        gone(desk, who)


@pytest.mark.usefixtures("stuck")
def test_a_service_of_the_first_is_no_second(desk: Desk) -> None:
    gone(desk, "operator")
    with desk.database.unit_of_work() as session:
        first = world.actor(session, "operator").person_id
        robot = Person(name="robot", title="A service", source=Source.SERVICE, owner_id=first)
        session.add(robot)
        session.flush()
        session.add(Membership(person_id=robot.id, tenant_id=None, role=Role.OPERATOR))
        service = Actor("robot", person_id=robot.id, owner_id=first, platform_roles=frozenset({Role.OPERATOR}))
        with pytest.raises(WrongState, match="takes another operator"):
            give_up(session, "practice", reason="so it is", by=service, now=datetime.now(UTC))


def test_the_word_of_somebody_who_is_no_operator_any_more_does_not_count(desk: Desk, stuck: int) -> None:
    gone(desk, "operator")
    with desk.database.unit_of_work() as session:
        session.query(Person).filter_by(name="operator").one().active = False
    assert gone(desk, "operator2").said_by == ["operator2"]
    assert desk.state(stuck) is State.REVERTING


def test_a_cluster_of_the_registry_is_not_gone(desk: Desk) -> None:
    desk.release(desk.active("7001"))
    with pytest.raises(WrongState, match="practice is in the registry: take it out"):
        gone(desk, "operator")
    with pytest.raises(NotFound):
        gone(desk, "operator", name="nowhere")


def test_where_nothing_is_open_nothing_is_given_up(desk: Desk, stuck: int) -> None:
    desk.undo(stuck)
    with pytest.raises(WrongState, match="nothing to give up"):
        gone(desk, "operator")


def test_a_cluster_that_comes_back_is_not_said_to_be_gone_any_more(desk: Desk, stuck: int) -> None:
    before = present(desk)
    gone(desk, "operator")
    with desk.database.reading() as session:
        cluster = session.get_one(Cluster, "practice")
    back = type(before.clusters[0])(cluster.name, cluster.environment)
    apply(desk, type(before)(**{**vars(before), "clusters": (*before.clusters, back)}))
    apply(desk, before)
    assert gone(desk, "operator2").said_by == ["operator2"]
    assert desk.state(stuck) is State.REVERTING


def test_nothing_but_an_undo_closes_unproven(desk: Desk) -> None:
    into_closed = {state for state, following_ in MOVES.items() if State.CLOSED in following_}
    assert into_closed == {State.APPROVED, State.REVERTING}
    pending = desk.ask("7001")
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").active = False
    with pytest.raises(WrongState, match="nothing to give up"):
        gone(desk, "operator")
    assert desk.state(pending) is State.PENDING


def test_the_warning_names_the_way_out(desk: Desk, stuck: int) -> None:
    said = plan(desk, present(desk)).warnings
    assert [line for line in said if f"MD-{stuck}" in line and "`meshdesk cluster gone practice`" in line]
