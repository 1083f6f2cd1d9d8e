"""Viz for a while on the practice cluster: installed for the first ticket, shared, and gone with the last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from portal.api.views import one_view
from portal.errors import Gone, Invalid, NotFound
from portal.mesh.objects import EXPIRES_AT, MANAGED, NONCE, TICKET, ObjectRef
from portal.mesh.viz.names import annotations_of, labels_of
from portal.models import Ticket
from portal.states import State
from portal.tickets import asking, ending
from tests import world
from tests.workers.desk import SHORTEST, Desk
from tests.workers.instant import at_once
from tests.workers.viz import (
    HERE,
    HOUR,
    NAMESPACE,
    PEOPLE,
    THERE,
    VIZ,
    active,
    approved,
    ask,
    carry,
    close,
    equip,
    everything,
    expires,
    finish,
    lapse,
    names,
    release,
    there,
)
from workers.sweep import sweep

Before = dict[str, dict[str, object]]


@pytest.fixture
def before(desk: Desk) -> Before:
    """The whole cluster before anybody asked; it has a bundle."""
    equip(desk)
    return everything(desk)


def test_viz_is_installed_marked_and_removed_with_nothing_left(desk: Desk, before: Before) -> None:
    number = active(desk)
    made = {name: obj for name, obj in everything(desk).items() if name not in before}
    shown = desk.evidence(number, "applied")["targets"]
    assert len(made) == len(shown[0]["objects"]) + len(shown[1]["objects"])
    assert all(labels_of(obj)[MANAGED] == "true" and annotations_of(obj)[NONCE] for obj in made.values())
    told = annotations_of(there(desk, NAMESPACE))
    assert told[TICKET] == f"MD-{number}"
    assert datetime.fromisoformat(told[EXPIRES_AT]) == expires(desk, number)
    assert close(desk, number) is State.CLOSED, desk.ticket(number).progress
    assert everything(desk) == before
    undone = [one for one in desk.evidence(number, "undone")["targets"] if one["workload"] == "viz/linkerd-viz"]
    assert {one["object"] for one in undone[0]["objects"]} == {one["object"] for one in shown[0]["objects"]}
    assert all(one["uid"] and one["gone_at"] for one in undone[0]["objects"])


def test_the_second_tenant_joins_and_the_last_to_end_removes_it(desk: Desk, before: Before) -> None:
    first = active(desk)
    installed = names(desk)
    second = active(desk, THERE, who="outsider", duration=2 * HOUR)
    assert names(desk) - installed == {
        f"rolebinding/{THERE}/meshdesk-md-{second}-tap",
        f"rolebinding/{VIZ}/meshdesk-md-{second}-tap-{THERE}",
        f"role/{VIZ}/meshdesk-md-{second}-tap-{THERE}",
    }
    told = annotations_of(there(desk, NAMESPACE))
    assert told[TICKET] == f"MD-{first},MD-{second}"
    assert datetime.fromisoformat(told[EXPIRES_AT]) == expires(desk, second)
    assert close(desk, first) is State.CLOSED
    assert annotations_of(there(desk, NAMESPACE))[TICKET] == f"MD-{second}"
    assert f"rolebinding/{HERE}/meshdesk-md-{first}-tap" not in names(desk)
    assert {"kept_for": [f"MD-{second}"], "workload": "viz/linkerd-viz"} in desk.evidence(first, "undone")["targets"]
    with desk.database.unit_of_work() as session:
        session.get_one(Ticket, second).expires_at = datetime.now(UTC) - timedelta(seconds=1)
    sweep(desk.context)
    assert finish(desk, second) is State.CLOSED
    assert desk.ticket(second).outcome == "expired"
    assert everything(desk) == before


def test_two_tickets_approved_at_once_install_one_viz(desk: Desk, before: Before) -> None:
    first, second = approved(desk), approved(desk, THERE, who="outsider")

    def carried(number: int) -> Callable[[], object]:
        return partial(carry, desk, number)

    assert at_once(carried(first), carried(second)) == [None, None]
    for number in (first, second):
        lapse(desk, number)
        assert carry(desk, number) is State.ACTIVE, desk.problem(number)
    assert sum(name.startswith("apiservice/") for name in names(desk)) == 1
    assert close(desk, second, who="outsider") is State.CLOSED
    assert f"namespace//{VIZ}" in names(desk)
    assert close(desk, first) is State.CLOSED
    assert everything(desk) == before


def test_a_renewal_takes_over_without_a_gap(desk: Desk, before: Before) -> None:
    first = active(desk)
    uid = there(desk, NAMESPACE)["metadata"]["uid"]
    second = approved(desk, renews=f"MD-{first}")
    assert carry(desk, second) is State.ACTIVE
    assert desk.state(first) is State.REVERTING
    assert finish(desk, first) is State.CLOSED
    assert desk.ticket(first).outcome == "replaced"
    assert there(desk, NAMESPACE)["metadata"]["uid"] == uid
    assert close(desk, second) is State.CLOSED
    assert everything(desk) == before


def test_a_ticket_that_comes_while_it_is_taken_away_gets_a_new_one(desk: Desk, before: Before) -> None:
    first, second = active(desk), approved(desk, THERE, who="outsider")
    uid = there(desk, NAMESPACE)["metadata"]["uid"]
    desk.practice.set("terminate_seconds", 3600)
    release(desk, first)
    desk.undo(first)
    assert desk.state(first) is State.REVERTING
    assert "is still being deleted" in str(desk.ticket(first).progress)
    desk.apply(second)
    assert desk.state(second) is State.APPLYING
    assert "being taken away" in str(desk.ticket(second).progress)
    desk.practice.set("terminate_seconds", 0)
    hurry(desk)
    assert carry(desk, second) is State.ACTIVE, desk.ticket(second).progress
    assert there(desk, NAMESPACE)["metadata"]["uid"] != uid
    assert finish(desk, first) is State.CLOSED
    assert close(desk, second, who="outsider") is State.CLOSED
    assert everything(desk) == before


def hurry(desk: Desk) -> None:
    """What was to end in an hour ends now."""
    with desk.practice._store.transaction() as store:
        store._connection.execute("UPDATE due SET at = 0")


def test_what_was_asked_and_revoked_before_anything_was_written_leaves_nothing(desk: Desk, before: Before) -> None:
    number = approved(desk)
    with pytest.raises(Gone):
        there(desk, NAMESPACE)
    with desk.acting("owner") as (session, owner):
        ending.revoke(session, number, reason="no", by=owner, now=datetime.now(UTC))
    assert desk.state(number) is State.WITHDRAWN
    assert everything(desk) == before


def test_a_ticket_without_an_end_is_not_taken(desk: Desk, before: Before) -> None:
    wanted = {"namespaces": [HERE], "subjects": PEOPLE}
    made = asking.Ask("viz-enablement", "practice", None, "a test", None, wanted)
    with pytest.raises(Invalid, match="Say for how long"), desk.acting("member") as (session, member):
        asking.submit(session, made, by=member, now=datetime.now(UTC), shortest=SHORTEST)
    assert everything(desk) == before


def test_namespaces_of_another_tenant_are_unknown(desk: Desk, before: Before) -> None:
    with pytest.raises(NotFound, match="belongs to a tenant of yours"):
        ask(desk, HERE, THERE)
    assert everything(desk) == before


def test_usage_names_each_namespace(desk: Desk, before: Before) -> None:
    number = active(desk)
    with desk.database.reading() as session:
        shown = one_view(session, number, by=world.actor(session, "member"))["usage"]
    flags = f"--viz-namespace {VIZ} --api-addr localhost:8085"
    texts = [one["text"] for one in shown]
    for verb in ("top", "tap"):
        assert f"linkerd viz {verb} namespace/{HERE} {flags}" in texts
        assert f"linkerd viz {verb} deployment/emoji -n {HERE} {flags}" in texts
    assert close(desk, number) is State.CLOSED
    with desk.database.reading() as session:
        assert one_view(session, number, by=world.actor(session, "member"))["usage"] == []


def test_the_preflight_shows_the_objects_by_name_and_each_right_whole(desk: Desk, before: Before) -> None:
    number = ask(desk)
    desk.preflight(number)
    viz, tap = desk.evidence(number, "preflight")["targets"]
    assert str(NAMESPACE) in viz["change"]["after"]
    assert "spec" not in viz["change"]["after"]["Deployment tap in linkerd-viz"]
    assert tap["change"]["after"][f"RoleBinding meshdesk-md-{number}-tap in {HERE}"]["subjects"][0]["name"]
    found = {one["code"] for one in desk.evidence(number, "preflight")["findings"]}
    assert {"tap-shows-headers", "older-pods"} <= found
    ref = ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", "linkerd-linkerd-viz-tap-admin")
    with pytest.raises(Gone):
        there(desk, ref)
