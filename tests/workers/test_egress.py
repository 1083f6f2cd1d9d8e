"""Egress policies on their way: previewed, checked, created, proven and taken away, one beside another."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from portal.errors import NotFound
from portal.mesh.objects import MANAGED, NONCE, TICKET
from portal.mesh.workloads import WorkloadRef
from portal.models import InventoryObject
from portal.states import State
from portal.tickets import asking
from tests.workers.desk import SHORTEST, Desk, Interrupted
from tests.workers.egress import (
    DENY,
    HERE,
    active,
    approved,
    ask,
    give,
    isolate,
    name_of,
    open_again,
    own_policy,
    policies,
)

INJECTED = {"matchLabels": {"linkerd.io/control-plane-ns": "linkerd"}}


def blocking(desk: Desk, number: int) -> dict[str, str]:
    """What blocks the ticket, by code."""
    found = desk.evidence(number, "preflight")["findings"]
    return {one["code"]: one["fact"] for one in found if one["severity"] == "blocking"}


def test_a_policy_is_created_recorded_proven_and_taken_away(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    assert desk.ticket(number).expires_at is None
    made = policies(desk)[name_of(number)]
    assert made["metadata"]["labels"] == {MANAGED: "true", TICKET: f"MD-{number}"}
    assert len(made["metadata"]["annotations"][NONCE]) == 32
    assert (made["spec"]["podSelector"], made["spec"]["policyTypes"]) == (INJECTED, ["Egress"])
    ports = [[port["port"] for port in rule["ports"]] for rule in made["spec"]["egress"]]
    assert ports == [[8080, 8086, 8090], [53, 53], [4143]]
    [applied] = desk.evidence(number, "applied")["targets"]
    assert (applied["objects"][0]["uid"], applied["objects"][0]["there"]) == (made["metadata"]["uid"], True)
    desk.close(number)
    assert desk.state(number) is State.CLOSED, desk.problem(number)
    assert list(policies(desk)) == [DENY]
    [undone] = desk.evidence(number, "undone")["targets"]
    [gone] = undone["objects"]
    assert (gone["object"], gone["uid"]) == (f"NetworkPolicy {name_of(number)} in {HERE}", made["metadata"]["uid"])
    assert datetime.fromisoformat(gone["gone_at"]).tzinfo is not None


def test_the_preflight_shows_the_very_policy_and_the_preview_the_same_from_the_inventory(desk: Desk) -> None:
    isolate(desk)
    desk.look()
    wanted = asking.Ask("control-plane-egress", "practice", None, "a test", None, {"namespaces": [HERE]})
    with desk.acting("member") as (session, member):
        prepared = asking.prepare(session, wanted, by=member, shortest=SHORTEST)
        view = prepared.seen.sights[0].view
        [previewed] = prepared.kind.manifests(prepared.fields, view, "MD-1")  # type: ignore[attr-defined]
        found = [one.code for one in prepared.kind.checks(prepared.fields, [view]) if one.severity == "blocking"]
    assert (prepared.routed.route.automatic, found) == (True, [])
    number = ask(desk)
    desk.preflight(number)
    [target] = desk.evidence(number, "preflight")["targets"]
    assert list(target["change"]["after"].values()) == [
        {**previewed, "metadata": {"name": name_of(number), "namespace": HERE}}
    ]
    assert name_of(number) not in policies(desk)


def test_policies_limits_and_quotas_are_in_the_inventory_and_leave_it(desk: Desk) -> None:
    isolate(desk)
    metadata = {"name": "small", "namespace": HERE}
    spec: Any = {"limits": [{"type": "Container", "max": {"cpu": "1"}}]}
    desk.practice.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": spec})
    desk.practice.create(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "9"}}}
    )
    desk.practice.create(own_policy("guard", "linkerd"))
    desk.practice.create(own_policy("foreign", "payments"))
    desk.look()
    seen = inventory(desk)
    assert set(seen) == {
        ("NetworkPolicy", HERE, DENY),
        ("LimitRange", HERE, "small"),
        ("ResourceQuota", HERE, "small"),
        ("NetworkPolicy", "linkerd", "guard"),
    }
    assert all("managedFields" not in obj["metadata"] and "status" not in obj for obj in seen.values())
    assert seen["LimitRange", HERE, "small"]["spec"] == spec
    open_again(desk)
    desk.look()
    assert ("NetworkPolicy", HERE, DENY) not in inventory(desk)


def inventory(desk: Desk) -> dict[tuple[str, str, str], dict[str, Any]]:
    """What is written down besides workloads."""
    with desk.database.reading() as session:
        return {(row.kind, row.namespace, row.name): row.object for row in session.query(InventoryObject)}


def test_a_policy_that_alone_would_isolate_is_not_approved(desk: Desk) -> None:
    number = ask(desk)
    desk.preflight(number)
    assert desk.state(number) is State.PENDING
    assert "no-egress-policy" in blocking(desk, number)
    assert not desk.ticket(number).preflight_clean
    isolate(desk)
    desk.preflight(number)
    assert desk.state(number) is State.APPROVED


def test_everything_else_is_allowed_where_that_was_chosen(desk: Desk) -> None:
    number = active(desk, if_alone="allow-everything-else")
    assert policies(desk)[name_of(number)]["spec"]["egress"][-1] == {}
    desk.close(number)
    assert (desk.state(number), policies(desk)) == (State.CLOSED, {})


def test_isolation_that_goes_between_approval_and_apply_fails_it_before_anything_is_created(desk: Desk) -> None:
    isolate(desk)
    number = approved(desk)
    open_again(desk)
    desk.apply(number)
    assert (desk.state(number), policies(desk)) == (State.FAILED, {})
    assert "has no egress policy of its own" in desk.problem(number)
    isolate(desk)
    desk.retry(number)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE


def test_two_tickets_on_one_namespace_do_not_touch_each_other_s(desk: Desk) -> None:
    isolate(desk)
    first, second = active(desk), active(desk, pods="all", peers=False)
    assert set(policies(desk)) == {DENY, name_of(first), name_of(second)}
    desk.close(first)
    assert set(policies(desk)) == {DENY, name_of(second)}
    desk.look()
    assert (desk.state(second), desk.problem(second)) == (State.ACTIVE, "")
    desk.close(second)
    assert set(policies(desk)) == {DENY}


def test_a_renewal_leaves_no_gap(desk: Desk) -> None:
    isolate(desk)
    first = active(desk)
    second = active(desk, renews=f"MD-{first}")
    assert desk.state(first) is State.REVERTING
    assert {name_of(first), name_of(second)} < set(policies(desk))
    desk.deliver("meshdesk.undo")
    assert (desk.state(first), desk.ticket(first).outcome) == (State.CLOSED, "replaced")
    assert set(policies(desk)) == {DENY, name_of(second)}


def test_somebody_else_s_policy_of_that_name_blocks_the_preflight(desk: Desk) -> None:
    isolate(desk)
    number = ask(desk)
    isolate(desk, name=name_of(number))
    desk.preflight(number)
    assert "takes over nothing that it did not create" in blocking(desk, number)["change-refused"]
    assert desk.state(number) is State.PENDING
    assert policies(desk)[name_of(number)]["spec"] == own_policy()["spec"]


@pytest.mark.parametrize("dry_run", [True, False], ids=["before the rehearsal", "after it"])
def test_somebody_else_s_policy_of_that_name_is_never_touched(desk: Desk, dry_run: bool) -> None:
    isolate(desk)
    number = approved(desk)
    door = Interrupted(desk.practice)
    door.before["create_object dry run" if dry_run else "create_object"] = lambda: isolate(desk, name=name_of(number))
    desk.apply(number, by=desk.worker(door))
    theirs = policies(desk)[name_of(number)]
    assert theirs["metadata"].get("labels", {}) == {}
    if dry_run:
        assert desk.state(number) is State.FAILED
        assert name_of(number) in desk.problem(number)
        return
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome) == (State.REVERTING, "failed")
    assert "Meshdesk did not create it: its owner must remove or rename it first." in (ticket.end_reason or "")
    desk.undo(number)
    assert desk.state(number) is State.CLOSED
    assert policies(desk)[name_of(number)]["metadata"]["uid"] == theirs["metadata"]["uid"]


def test_a_policy_with_a_finalizer_keeps_the_ticket_from_closing(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    ref = WorkloadRef("networkpolicy", HERE, name_of(number))
    desk.practice.apply_as("kubectl", ref, {"metadata": {"finalizers": ["example.com/hold"]}})
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    [waiting] = desk.ticket(number).progress[f"egress/{HERE}"]["waiting"]
    assert waiting.endswith("is still being deleted (it waits for example.com/hold).")
    desk.practice.apply_as("kubectl", ref, {"metadata": {"finalizers": None}})
    desk.undo(number)
    assert desk.state(number) is State.CLOSED


def test_a_ticket_ends_when_all_its_namespaces_are_gone(desk: Desk) -> None:
    give(desk, "payments")
    for namespace in (HERE, "payments"):
        isolate(desk, namespace=namespace)
    number = active(desk, HERE, "payments")
    desk.practice.delete(WorkloadRef("namespace", "", "payments"))
    desk.look()
    assert (desk.state(number), desk.problem(number)) == (State.ACTIVE, "")
    assert name_of(number) in policies(desk)
    desk.practice.delete(WorkloadRef("namespace", "", HERE))
    desk.look()
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome, ticket.ended_by) == (State.REVERTING, "target gone", "meshdesk-worker")
    desk.deliver("meshdesk.undo")
    assert desk.state(number) is State.CLOSED


def test_a_namespace_that_refuses_takes_the_others_policies_back_by_itself(desk: Desk) -> None:
    give(desk, "payments")
    for namespace in (HERE, "payments"):
        isolate(desk, namespace=namespace)
    number = approved(desk, HERE, "payments")
    refused = {f"NetworkPolicy/payments/{name_of(number)}": "no policies on Fridays"}
    door = Interrupted(desk.practice)
    door.before["create_object"] = lambda: desk.practice.set("refuse_create", refused)
    desk.apply(number, by=desk.worker(door))
    assert desk.state(number) is State.REVERTING
    assert name_of(number) in policies(desk)
    desk.undo(number)
    assert (desk.state(number), desk.ticket(number).outcome) == (State.CLOSED, "failed")
    assert (list(policies(desk)), list(policies(desk, "payments"))) == ([DENY], [DENY])


def test_the_namespaces_of_two_tenants_are_two_tickets(desk: Desk) -> None:
    give(desk, "payments", tenant="books")
    with pytest.raises(NotFound, match="No namespace payments on cluster practice belongs to a tenant of yours"):
        ask(desk, HERE, "payments")
