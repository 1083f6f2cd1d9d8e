"""Egress policies while they stand: what others delete or change, isolation that comes and goes, and strays."""

from __future__ import annotations

from typing import Any

import pytest

from portal import queries
from portal.errors import WrongState
from portal.mesh.objects import NONCE, ObjectRef
from portal.mesh.stamp import stamped
from portal.mesh.workloads import WorkloadRef
from portal.models import CreatedObject, TicketTarget
from portal.states import State
from tests.workers.desk import Desk, Interrupted
from tests.workers.egress import (
    DENY,
    HERE,
    active,
    approved,
    ask,
    give,
    isolate,
    lapse,
    name_of,
    open_again,
    own_policy,
    policies,
)
from workers.cluster.protocol import Object
from workers.inventory import refresh

OPEN = "allow-everything-else"


def ref_of(number: int, namespace: str = HERE) -> WorkloadRef:
    return WorkloadRef("networkpolicy", namespace, name_of(number))


def told(desk: Desk, number: int) -> dict[str, Any]:
    """What is kept on the ticket's links, by namespace."""
    with desk.database.reading() as session:
        links = session.query(TicketTarget).filter_by(ticket_id=number)
        return {session.get_one(TicketTarget, (number, link.target_id)).target_id: link.suspended for link in links}


def events(desk: Desk, number: int, kind: str) -> list[Any]:
    with desk.database.reading() as session:
        return [event.payload for event in queries.events(session, f"MD-{number}") if event.type == kind]


def change(desk: Desk, number: int, spec: Object) -> None:
    desk.practice.apply_as("kubectl", ref_of(number), {"spec": spec})


def test_a_policy_that_somebody_deletes_is_told_and_not_created_again(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    desk.practice.delete(ref_of(number))
    for _ in range(2):
        desk.look()
    assert (desk.state(number), list(policies(desk))) == (State.ACTIVE, [DENY])
    assert desk.problem(number) == (
        f"Somebody deleted NetworkPolicy {name_of(number)} in {HERE}; Meshdesk does not create it again. "
        "Reapply, or release."
    )
    assert len(events(desk, number, "drift:suspended")) == 1
    desk.close(number)
    assert desk.state(number) is State.CLOSED


def test_reapply_creates_it_again_and_the_end_proves_both_gone(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    first = policies(desk)[name_of(number)]["metadata"]["uid"]
    with pytest.raises(WrongState, match="nothing to reapply"):
        desk.reapply(number)
    desk.practice.delete(ref_of(number))
    desk.look()
    desk.reapply(number)
    assert desk.problem(number) == ""
    desk.deliver("meshdesk.converge")
    second = policies(desk)[name_of(number)]["metadata"]["uid"]
    assert second != first
    desk.look()
    assert (desk.problem(number), list(told(desk, number).values())) == ("", [{}])
    desk.close(number)
    [undone] = desk.evidence(number, "undone")["targets"]
    assert [(one["uid"], one["gone_at"] is not None) for one in undone["objects"]] == [(first, True), (second, True)]


@pytest.mark.parametrize(
    "spec",
    [{"egress": []}, {"egress": [{}]}, {"podSelector": {"matchLabels": {"app": "web"}}}, {"policyTypes": ["Ingress"]}],
    ids=["closed", "opened", "another selector", "another direction"],
)
def test_a_policy_that_somebody_changes_is_told_put_back_on_reapply_and_taken_away_at_the_end(
    desk: Desk, spec: Object
) -> None:
    isolate(desk)
    number = active(desk)
    written = policies(desk)[name_of(number)]["spec"]
    change(desk, number, spec)
    desk.look()
    changed = policies(desk)[name_of(number)]["spec"]
    assert changed != written
    assert desk.problem(number).startswith(f"Somebody changed NetworkPolicy {name_of(number)} in {HERE};")
    desk.reapply(number)
    desk.deliver("meshdesk.converge")
    assert (policies(desk)[name_of(number)]["spec"], desk.problem(number)) == (written, "")
    change(desk, number, spec)
    desk.close(number)
    assert (desk.state(number), list(policies(desk))) == (State.CLOSED, [DENY])


def test_a_change_that_its_author_takes_back_is_told_no_longer(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    written = policies(desk)[name_of(number)]["spec"]["egress"]
    change(desk, number, {"egress": []})
    desk.look()
    assert desk.problem(number)
    change(desk, number, {"egress": written})
    desk.look()
    assert (desk.problem(number), list(told(desk, number).values())) == ("", [{}])


def test_labels_and_annotations_that_others_add_are_no_drift(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    more = {"labels": {"team": "a"}, "annotations": {NONCE: None, "note": "seen"}}
    desk.practice.apply_as("kubectl", ref_of(number), {"metadata": more})
    desk.look()
    assert desk.problem(number) == ""
    desk.close(number)
    assert list(policies(desk)) == [DENY]


def test_isolation_that_goes_takes_the_policy_away_where_that_was_chosen(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    open_again(desk)
    desk.look()
    assert policies(desk) == {}
    ticket = desk.ticket(number)
    assert (ticket.state, ticket.outcome, ticket.ended_by) == (State.REVERTING, "target gone", "meshdesk-worker")
    assert "which was to be refused" in (ticket.end_reason or "")
    desk.deliver("meshdesk.undo")
    assert desk.state(number) is State.CLOSED


def test_isolation_that_goes_in_one_of_several_namespaces_ends_the_ticket_only_there(desk: Desk) -> None:
    give(desk, "payments")
    for namespace in (HERE, "payments"):
        isolate(desk, namespace=namespace)
    number = active(desk, HERE, "payments")
    open_again(desk, "payments")
    for _ in range(2):
        desk.look()
    assert (desk.state(number), policies(desk, "payments")) == (State.ACTIVE, {})
    assert name_of(number) in policies(desk)
    assert desk.problem(number).startswith("Meshdesk took the policy in payments away when no egress policy of yours")
    desk.reapply(number)
    desk.deliver("meshdesk.converge")
    assert policies(desk, "payments") == {}
    isolate(desk, namespace="payments")
    desk.reapply(number)
    desk.deliver("meshdesk.converge")
    assert (name_of(number) in policies(desk, "payments"), desk.problem(number)) == (True, "")
    for namespace in ("payments", HERE):
        open_again(desk, namespace)
        desk.look()
    assert (desk.state(number), desk.ticket(number).outcome) == (State.REVERTING, "target gone")
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), policies(desk), policies(desk, "payments")) == (State.CLOSED, {}, {})


def test_where_some_pods_are_isolated_and_others_are_not_it_is_told_and_nothing_is_cut_off(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    open_again(desk)
    isolate(desk, matchLabels={"app": "web"})
    desk.look()
    assert (desk.state(number), name_of(number) in policies(desk)) == (State.ACTIVE, True)
    assert f"{HERE}: No egress policy of yours selects" in desk.problem(number)
    with pytest.raises(WrongState, match="nothing to reapply"):
        desk.reapply(number)
    open_again(desk)
    isolate(desk)
    desk.look()
    assert desk.problem(number) == ""


def test_the_rule_that_allows_everything_else_comes_and_goes_with_the_tenant_s_isolation(desk: Desk) -> None:
    isolate(desk)
    number = active(desk, if_alone=OPEN)
    uid = policies(desk)[name_of(number)]["metadata"]["uid"]
    assert {} not in policies(desk)[name_of(number)]["spec"]["egress"]
    open_again(desk)
    desk.look()
    assert policies(desk)[name_of(number)]["spec"]["egress"][-1] == {}
    isolate(desk)
    desk.look()
    assert {} not in policies(desk)[name_of(number)]["spec"]["egress"]
    assert (desk.state(number), desk.problem(number)) == (State.ACTIVE, "")
    assert policies(desk)[name_of(number)]["metadata"]["uid"] == uid
    assert len(events(desk, number, "work:adjusted")) == 2


def test_the_open_rule_does_not_silently_undo_an_isolation_of_some_pods(desk: Desk) -> None:
    number = active(desk, if_alone=OPEN)
    isolate(desk, matchLabels={"app": "web"})
    desk.look()
    assert "also opens the egress of deployment/web" in desk.problem(number)


def test_a_policy_follows_the_version_of_linkerd(desk: Desk) -> None:
    isolate(desk)
    set_version(desk, "edge-24.11.8")
    number = active(desk)
    assert len(policies(desk)[name_of(number)]["spec"]["egress"]) == 2
    set_version(desk, "edge-26.6.3")
    desk.look()
    assert policies(desk)[name_of(number)]["spec"]["egress"][-1]["ports"] == [{"protocol": "TCP", "port": 4143}]
    assert desk.problem(number) == ""


def set_version(desk: Desk, version: str) -> None:
    """Linkerd is another version."""
    config = WorkloadRef("configmap", "linkerd", "linkerd-config")
    values = desk.practice.get(config)["data"]["values"]
    lines = [
        f"linkerdVersion: {version}" if line.startswith("linkerdVersion:") else line for line in values.split("\n")
    ]
    desk.practice.apply_as("helm", config, {"data": {"values": "\n".join(lines)}})


def test_pods_of_kinds_that_meshdesk_does_not_know_count_too(desk: Desk) -> None:
    isolate(desk, matchExpressions=[{"key": "app", "operator": "Exists"}])
    owner = {"apiVersion": "example.com/v1", "kind": "Cluster", "name": "db", "uid": "u-1", "controller": True}
    labels = {"db": "yes", "linkerd.io/control-plane-ns": "linkerd"}
    metadata = {"name": "db-0", "namespace": HERE, "labels": labels, "ownerReferences": [owner]}
    containers = [{"name": "db", "image": "db:1"}]
    desk.practice.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}})
    number = ask(desk)
    desk.preflight(number)
    [fact] = [one["fact"] for one in desk.evidence(number, "preflight")["findings"] if one["code"] == "would-isolate"]
    assert "pod/db-0" in fact


def test_pods_that_still_have_a_proxy_count_though_new_ones_would_get_none(desk: Desk) -> None:
    place = WorkloadRef("namespace", "", HERE)
    number = ask(desk, if_alone=OPEN)
    desk.practice.apply_as("kubectl", place, {"metadata": {"annotations": {"linkerd.io/inject": "disabled"}}})
    desk.preflight(number)
    found = {one["code"]: one["fact"] for one in desk.evidence(number, "preflight")["findings"]}
    assert "selects-nothing" not in found
    assert "pod/emoji-" in found["everything-else-allowed"]
    desk.apply(number)
    assert policies(desk)[name_of(number)]["spec"]["egress"][-1] == {}


def test_a_late_object_of_a_worker_that_stalled_is_deleted_again(desk: Desk) -> None:
    isolate(desk)
    number = approved(desk)
    door, late = Interrupted(desk.practice), []

    def elsewhere() -> None:
        # Just before this worker's POST, others end the ticket, prove it undone and close it.
        desk.release(number)
        lapse(desk)
        desk.undo(number)
        late.append(desk.state(number))

    door.before["create_object"] = elsewhere
    desk.apply(number, by=desk.worker(door))
    assert late == [State.CLOSED]
    assert name_of(number) in policies(desk)
    desk.look()
    assert (desk.state(number), list(policies(desk))) == (State.CLOSED, [DENY])


def test_what_a_backup_brings_back_after_the_close_is_deleted_again(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    backup = policies(desk)[name_of(number)]
    desk.close(number)
    desk.practice.create(backup, manager="velero")
    desk.look()
    assert list(policies(desk)) == [DENY]


def test_what_a_backup_brings_back_while_the_ticket_lives_is_its_own_again(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    backup = policies(desk)[name_of(number)]
    desk.practice.delete(ref_of(number))
    desk.practice.create(backup, manager="velero")
    desk.look()
    assert desk.problem(number) == ""
    desk.close(number)
    assert (desk.state(number), list(policies(desk))) == (State.CLOSED, [DENY])


@pytest.mark.parametrize("nonce", ["unknown", None], ids=["another nonce", "another name"])
def test_what_only_looks_like_ours_is_left_alone(desk: Desk, nonce: str | None) -> None:
    isolate(desk)
    number = active(desk)
    with desk.database.reading() as session:
        known = session.query(CreatedObject).one().nonce
    desk.close(number)
    desk.practice.create(stamped(own_policy("theirs"), nonce=nonce or known, ticket=f"MD-{number}"))
    desk.look()
    assert "theirs" in policies(desk)


def test_what_is_on_record_of_a_ticket_that_is_over_is_taken_away(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    backup = policies(desk)[name_of(number)]
    desk.close(number)
    desk.practice.create(backup, manager="velero")
    with desk.database.unit_of_work() as session:
        session.query(CreatedObject).one().gone_at = None
    desk.look()
    assert list(policies(desk)) == [DENY]
    ref = ObjectRef("networking.k8s.io/v1", "NetworkPolicy", HERE, DENY)
    assert desk.practice.object(ref)


def test_a_namespace_that_is_as_it_should_be_costs_the_cluster_nothing_more(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    refresh(desk.context, "practice")
    assert desk.deliver("meshdesk.converge") == 0
    change(desk, number, {"egress": []})
    refresh(desk.context, "practice")
    assert desk.deliver("meshdesk.converge") == 1


@pytest.mark.parametrize("setting", ["forbid", "refuse"])
def test_a_policy_that_may_not_be_deleted_keeps_the_ticket_reverting_and_says_why(desk: Desk, setting: str) -> None:
    isolate(desk)
    number = active(desk)
    what = f"networkpolicy/{HERE}/{name_of(number)}"
    desk.practice.set(setting, {what: True if setting == "forbid" else "not on Fridays"})
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert desk.problem(number)
    assert name_of(number) in policies(desk)
    desk.practice.set(setting, {})
    desk.undo(number)
    assert (desk.state(number), list(policies(desk))) == (State.CLOSED, [DENY])


def test_what_hinders_the_reconcile_is_told_and_then_no_longer(desk: Desk) -> None:
    isolate(desk)
    number = active(desk)
    config = WorkloadRef("configmap", "linkerd", "linkerd-config")
    change(desk, number, {"egress": []})
    refresh(desk.context, "practice")
    kept = desk.practice.get(config)
    desk.practice.delete(config)
    desk.deliver("meshdesk.converge")
    assert "Linkerd's configuration was not found" in desk.problem(number)
    desk.practice.create(kept)
    desk.look()
    assert desk.problem(number).startswith("Somebody changed")
