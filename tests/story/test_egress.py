"""Egress policies end to end: asked, looked at, created, proven and taken away. Real processes, real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from portal.mesh.objects import MANAGED, TICKET
from portal.mesh.workloads import WorkloadRef
from tests.story.api import Api, until
from tests.story.worlds import StoryWorld

pytestmark = pytest.mark.story

DENY = "deny-egress"
STORY = [
    "ticket:submitted",
    "evidence:preflight",
    "ticket:approved",
    "ticket:applying",
    "evidence:before",
    "window:opened",
    "evidence:applied",
    "ticket:active",
    "ticket:reverting",
    "evidence:undone",
    "ticket:closed",
]


def asking(world: StoryWorld, **fields: Any) -> dict[str, Any]:
    """A request without an end for the stories' namespace."""
    named = {"namespaces": [world.namespace], **{key: value for key, value in fields.items() if key != "renews"}}
    renews = {key: value for key, value in fields.items() if key == "renews"}
    where = {"kind": "control-plane-egress", "cluster": "practice", "reason": "egress is closed"}
    return {**where, "fields": named, **renews}


def asked(member: Api, world: StoryWorld, **fields: Any) -> str:
    answer = member.post("/tickets", asking(world, **fields))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["ref"])


def name_of(ref: str) -> str:
    return f"allow-linkerd-control-plane-egress-{ref.lower()}"


def policies(world: StoryWorld) -> dict[str, dict[str, Any]]:
    """The policies of the namespace by name."""
    found = world.cluster.objects("networking.k8s.io/v1", "NetworkPolicy", world.namespace)
    return {obj["metadata"]["name"]: obj for obj in found}


def ours(world: StoryWorld) -> set[str]:
    return {name for name, obj in policies(world).items() if MANAGED in (obj["metadata"].get("labels") or {})}


@contextmanager
def isolation(world: StoryWorld) -> Iterator[None]:
    """Inside, the tenant isolates every pod of the namespace; it may end it before."""
    metadata = {"name": DENY, "namespace": world.namespace}
    spec: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}
    world.world.create(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
    )
    try:
        yield
    finally:
        if DENY in policies(world):
            delete(world, DENY)


def delete(world: StoryWorld, name: str) -> None:
    world.world.delete(WorkloadRef("networkpolicy", world.namespace, name))


@pytest.fixture
def isolated(world: StoryWorld) -> Iterator[None]:
    with isolation(world):
        yield


def close(member: Api, *refs: str) -> None:
    for ref in refs:
        assert member.post(f"/tickets/{ref}/release", {"reason": "done"}).status_code == 200
    for ref in refs:
        assert member.until(ref, "closed")["outcome"] == "released"


@pytest.mark.usefixtures("isolated")
def test_a_policy_is_asked_approved_by_the_rule_created_proven_and_taken_away(world: StoryWorld, member: Api) -> None:
    preview = until(lambda: allowed(member, world), within=30, words="a preview that sees the tenant's policy")
    [shown] = preview["targets"][0]["change"]["after"].values()
    assert (preview["rule"], preview["waiting_for"]) == ("control-plane-egress", [])
    ref = asked(member, world)
    active = member.until(ref, "active")
    assert (active["expires_at"], active["duration"]) == (None, None)
    made = policies(world)[name_of(ref)]
    assert made["spec"] == shown["spec"]
    assert made["spec"]["podSelector"] == {"matchLabels": {"linkerd.io/control-plane-ns": "linkerd"}}
    assert made["metadata"]["labels"] == {MANAGED: "true", TICKET: ref}
    assert f"kubectl get networkpolicy {name_of(ref)} --namespace {world.namespace}" in active["usage"][0]["text"]
    close(member, ref)
    assert set(policies(world)) == {DENY}
    [undone] = [one for one in member.get(f"/tickets/{ref}/evidence").json()["items"] if one["kind"] == "undone"]
    [gone] = undone["data"]["targets"][0]["objects"]
    assert (gone["uid"], gone["gone_at"] is not None) == (made["metadata"]["uid"], True)
    # A worker that finds another one at the namespace says so, and goes on a second later.
    assert [one for one in member.events(ref) if one != "work:hindered"] == STORY


def allowed(member: Api, world: StoryWorld) -> dict[str, Any] | None:
    """The preview, once nothing blocks it."""
    answer = member.post("/tickets/preview", asking(world))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    codes = [one["code"] for one in found["targets"][0]["findings"] if one["severity"] == "blocking"]
    return None if codes else found


def test_what_would_isolate_is_never_approved(world: StoryWorld, member: Api, partner: Api) -> None:
    ref = asked(member, world)
    looked = member.until_true(ref, lambda found: found["preflight"], "a preflight")
    assert (looked["state"], looked["preflight"]["clean"]) == ("pending", False)
    assert "no-egress-policy" in str(member.get(f"/tickets/{ref}/evidence").json()["items"][0]["data"]["findings"])
    assert partner.decide(ref).status_code in (403, 409)
    assert (member.ticket(ref)["state"], ours(world)) == ("pending", set())
    assert member.post(f"/tickets/{ref}/withdraw", {"reason": "not needed"}).status_code == 200


def test_everything_else_is_allowed_where_that_is_chosen(world: StoryWorld, member: Api) -> None:
    ref = asked(member, world, if_alone="allow-everything-else")
    member.until(ref, "active")
    assert policies(world)[name_of(ref)]["spec"]["egress"][-1] == {}
    with isolation(world):
        until(lambda: {} not in policies(world)[name_of(ref)]["spec"]["egress"], within=30, words="the rule going")
    until(lambda: {} in policies(world)[name_of(ref)]["spec"]["egress"], within=30, words="the rule coming back")
    close(member, ref)
    assert ours(world) == set()


@pytest.mark.usefixtures("isolated")
def test_two_on_one_namespace_and_a_renewal_leave_each_other_alone(world: StoryWorld, member: Api) -> None:
    first, second = asked(member, world), asked(member, world, pods="all", dns=False)
    for ref in (first, second):
        member.until(ref, "active")
    assert ours(world) == {name_of(first), name_of(second)}
    close(member, second)
    third = asked(member, world, renews=first)
    seen: list[set[str]] = []

    def replaced() -> bool:
        seen.append(ours(world))
        return bool(member.ticket(first)["state"] == "closed")

    until(replaced, within=30, every=0, words="the renewal")
    assert all(seen)
    assert (member.ticket(first)["outcome"], ours(world)) == ("replaced", {name_of(third)})
    close(member, third)
    assert set(policies(world)) == {DENY}


@pytest.mark.usefixtures("isolated")
def test_a_policy_that_somebody_deletes_is_told_and_written_again_on_demand(world: StoryWorld, member: Api) -> None:
    ref = asked(member, world)
    member.until(ref, "active")
    delete(world, name_of(ref))
    assert member.until_problem(ref).startswith(f"Somebody deleted NetworkPolicy {name_of(ref)}")
    assert ours(world) == set()
    assert member.post(f"/tickets/{ref}/reapply").status_code == 200
    until(lambda: ours(world), within=10, words="the policy")
    assert member.ticket(ref)["problem"] is None
    close(member, ref)


def test_isolation_that_goes_takes_the_policy_with_it(world: StoryWorld, member: Api) -> None:
    with isolation(world):
        ref = asked(member, world)
        member.until(ref, "active")
        delete(world, DENY)
        closed = member.until(ref, "closed", within=40)
    assert (closed["outcome"], closed["ended_by"]) == ("target gone", "meshdesk-worker")
    assert "which was to be refused" in closed["end_reason"]
    assert policies(world) == {}
