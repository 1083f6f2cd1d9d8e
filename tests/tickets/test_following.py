"""Applying a registry: what becomes of open tickets whose namespace, cluster or tenant goes elsewhere or away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from portal import audit, queries, registry
from portal.errors import NotFound, Stale
from portal.models import Cluster, Event, RegistryVersion, Ticket
from portal.registry.state import NamespaceEntry, RegistryFile
from portal.states import State
from portal.tickets import asking, carrying_out, following
from portal.tickets.following import Applied
from tests.workers.desk import Desk

BY = "shell:anna"
EMOJIVOTO = NamespaceEntry("practice", "emojivoto")


def present(desk: Desk) -> RegistryFile:
    with desk.database.reading() as session:
        return registry.present(session)


def of(desk: Desk, tenant: str, **changes: Any) -> RegistryFile:
    """The registry in force, with changes to one tenant."""
    before = present(desk)
    return replace(
        before, tenants=tuple(replace(one, **changes) if one.name == tenant else one for one in before.tenants)
    )


def without_namespace(desk: Desk) -> RegistryFile:
    kept = next(one for one in present(desk).tenants if one.name == "emojis").namespaces
    return of(desk, "emojis", namespaces=tuple(one for one in kept if one != EMOJIVOTO))


def moved(desk: Desk) -> RegistryFile:
    """Namespace emojivoto of cluster practice belongs to tenant books."""
    without = without_namespace(desk)
    given = [
        replace(one, namespaces=(*one.namespaces, EMOJIVOTO)) if one.name == "books" else one for one in without.tenants
    ]
    return replace(without, tenants=tuple(given))


def without_tenant(desk: Desk) -> RegistryFile:
    before = present(desk)
    return replace(before, tenants=tuple(one for one in before.tenants if one.name != "emojis"))


def without_cluster(desk: Desk) -> RegistryFile:
    before = present(desk)
    tenants = [
        replace(one, namespaces=tuple(space for space in one.namespaces if space.cluster != "practice"))
        for one in before.tenants
    ]
    clusters = tuple(one for one in before.clusters if one.name != "practice")
    return replace(before, clusters=clusters, tenants=tuple(tenants))


def apply(desk: Desk, wanted: RegistryFile) -> Applied:
    with desk.database.unit_of_work() as session:
        return following.apply(session, wanted, by=BY, now=datetime.now(UTC))


def plan(desk: Desk, wanted: RegistryFile) -> Applied:
    with desk.database.unit_of_work() as session:
        return following.plan(session, wanted, by=BY, now=datetime.now(UTC))


def one_of_each(desk: Desk) -> dict[State, int]:
    """A pending, an approved, a failed, an active and a reverting ticket for workloads of emojivoto."""
    found = {
        State.ACTIVE: desk.active("7001"),
        State.REVERTING: desk.active("7002", workload="deployment/voting"),
        State.APPROVED: desk.approved("7003"),
        State.FAILED: desk.approved("7004"),
        State.PENDING: desk.ask("7005"),
    }
    desk.release(found[State.REVERTING])
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, found[State.FAILED]).state = State.FAILED
    return found


ENDS = {
    State.PENDING: State.WITHDRAWN,
    State.APPROVED: State.WITHDRAWN,
    State.FAILED: State.WITHDRAWN,
    State.ACTIVE: State.REVERTING,
    State.REVERTING: State.REVERTING,
}
WHY = {
    moved: "Namespace emojivoto on practice is another tenant's now: its people ask anew for it.",
    without_namespace: "Namespace emojivoto on practice is no longer in the registry.",
    without_tenant: "Tenant emojis is no longer in the registry.",
    without_cluster: "Cluster practice is no longer in the registry.",
}


@pytest.mark.parametrize("change", WHY, ids=lambda change: change.__name__)
def test_what_loses_its_place_is_withdrawn_or_undone(desk: Desk, change: Any) -> None:
    tickets = one_of_each(desk)
    done = apply(desk, change(desk))
    assert {state: desk.state(number) for state, number in tickets.items()} == ENDS
    assert [fate.why for fate in done.fates] == [WHY[change]] * 5
    assert [fate.ticket_id for fate in done.fates] == sorted(tickets.values())
    active, pending = desk.ticket(tickets[State.ACTIVE]), desk.ticket(tickets[State.PENDING])
    words = f"{WHY[change]} The registry was applied by {BY}."
    assert (active.outcome, active.end_reason, active.ended_by) == ("revoked", words, "meshdesk-registry")
    assert (pending.end_reason, pending.ended_by, pending.tenant.name) == (words, "meshdesk-registry", "emojis")
    assert desk.ticket(tickets[State.REVERTING]).outcome == "released"
    for number in (tickets[State.ACTIVE], tickets[State.REVERTING]):
        desk.undo(number)
        assert desk.state(number) is State.CLOSED
    assert desk.annotations() == {}
    with desk.database.reading() as session:
        assert list(audit.verify(session)) == []


def test_another_namespace_s_tickets_are_left_alone(desk: Desk) -> None:
    elsewhere = desk.ask("7001", cluster="playground")
    before = desk.ticket(elsewhere).version
    assert apply(desk, moved(desk)).fates == []
    assert (desk.state(elsewhere), desk.ticket(elsewhere).version) == (State.PENDING, before)


def test_one_namespace_of_several_takes_the_whole_ticket(desk: Desk) -> None:
    apply(desk, of(desk, "emojis", namespaces=(EMOJIVOTO, NamespaceEntry("practice", "bookstore"))))
    number = desk.submit(egress("emojivoto"))
    assert apply(desk, without_namespace(desk)).fates[0].ticket_id == number
    assert desk.state(number) is State.WITHDRAWN


def egress(*namespaces: str) -> asking.Ask:
    fields = {"namespaces": list(namespaces), "if_alone": "allow-everything-else"}
    return asking.Ask("control-plane-egress", "practice", None, "a test", timedelta(hours=1), fields)


def test_a_plan_shows_the_same_and_does_nothing(desk: Desk) -> None:
    tickets = one_of_each(desk)
    wanted = moved(desk)
    with desk.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(Event))
    planned = plan(desk, wanted)
    assert planned.touches
    assert {state: desk.state(number) for state, number in tickets.items()} == {state: state for state in tickets}
    with desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == before
        assert session.scalar(select(func.count()).select_from(RegistryVersion)) == 0
    assert planned == apply(desk, wanted)


def test_a_line_says_which_ticket_and_why(desk: Desk) -> None:
    number = desk.active("7001")
    assert [str(fate) for fate in plan(desk, without_tenant(desk)).fates] == [
        f"MD-{number} (active): undone. Tenant emojis is no longer in the registry."
    ]


def test_what_changed_since_it_was_shown_is_looked_at_again(desk: Desk) -> None:
    first, wanted = desk.active("7001"), moved(desk)
    planned = plan(desk, wanted)
    second = desk.ask("7002")
    with pytest.raises(Stale, match="look at it again"), desk.database.unit_of_work() as session:
        following.apply(session, wanted, by=BY, now=datetime.now(UTC), expected=planned)
    assert (desk.state(first), desk.state(second)) == (State.ACTIVE, State.PENDING)
    assert present(desk).tenants == tuple(registry_before(desk))


def registry_before(desk: Desk) -> Any:
    return [one for one in present(desk).tenants if EMOJIVOTO in one.namespaces or one.name == "books"]


def test_applying_again_changes_nothing_and_asks_for_nothing(desk: Desk) -> None:
    desk.active("7001")
    wanted = without_cluster(desk)
    assert apply(desk, wanted).touches
    again = plan(desk, wanted)
    assert (again.changes, again.touches) == ([], False)
    assert [fate.becomes for fate in again.fates] == ["still being undone"]


def test_a_removed_cluster_drains(desk: Desk) -> None:
    number = desk.active("7001")
    done = apply(desk, without_cluster(desk))
    assert done.warnings[0].startswith(f"MD-{number}: cluster practice drains.")
    with desk.database.reading() as session:
        assert not session.get_one(Cluster, "practice").active
    with pytest.raises(NotFound):
        desk.ask("7002")
    assert desk.deliver("meshdesk.undo") == 1
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})
    assert plan(desk, without_cluster(desk)).warnings == []


def test_nothing_is_begun_on_a_cluster_that_drains(desk: Desk) -> None:
    number = desk.approved("7001")
    with desk.database.unit_of_work() as session:
        session.get_one(Cluster, "practice").active = False
        lease = timedelta(seconds=15)
        assert carrying_out.claim(session, number, task="meshdesk.apply", lease=lease) is None


def test_hundreds_of_tickets_are_ended_in_order(desk: Desk) -> None:
    row = _copied(desk, desk.ask("7001"), 250)
    done = apply(desk, without_tenant(desk))
    assert len(done.fates) == 251
    assert [fate.ticket_id for fate in done.fates] == sorted(fate.ticket_id for fate in done.fates)
    with desk.database.reading() as session:
        states = select(Ticket.state, func.count()).where(Ticket.tenant_id == row["tenant_id"]).group_by(Ticket.state)
        assert [tuple(one) for one in session.execute(states)] == [(State.WITHDRAWN, 251)]
        told = select(func.count()).select_from(Event).where(Event.type == "ticket:withdrawn")
        assert session.scalar(told) == 251
        assert len(list(queries.open_tickets(session))) == 0


def _copied(desk: Desk, number: int, times: int) -> dict[str, Any]:
    """So many more tickets like this one, as rows."""
    table = Ticket.__table__
    with desk.database.unit_of_work() as session:
        row = dict(session.execute(select(table).where(table.c.id == number)).mappings().one())
        row.pop("id")
        copies = [{**row, "fingerprint": f"copy {copy}"} for copy in range(times)]
        session.execute(insert(Ticket), copies)
    return row


def test_twice_the_plan_of_nothing_is_nothing(desk: Desk) -> None:
    desk.active("7001")
    assert plan(desk, present(desk)) == Applied([], [], [])
