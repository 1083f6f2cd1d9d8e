"""The main job, end to end: asked, looked at, approved, written, proven, undone on time. Real processes, real HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.story.stack import Api, Stack, asking, until
from tests.story.worlds import StoryWorld

pytestmark = pytest.mark.story

SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
BOTH = ("deployment/emoji", "deployment/voting")
WRITTEN = "4567-4568,8080,9000-9010"
STORY = [
    "ticket:submitted",
    "evidence:preflight",
    "decision:approve",
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


@pytest.fixture
def member(stack: Stack) -> Api:
    return stack.api("member")


@pytest.fixture
def partner(stack: Stack) -> Api:
    return stack.api("partner")


def test_an_exception_is_asked_approved_applied_proven_and_undone_on_time(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    before = {workload: world.template(workload) for workload in BOTH}
    ref = asked(member, world)
    looked_at_and_decided(stack, member, partner, ref)
    until(lambda: "8080" in world.template(BOTH[1]).get(SKIP_INBOUND, ""), within=2, words="the write")
    active = opened(member, world, ref, before)
    closed = member.until(ref, "closed", within=40)
    assert closed["outcome"] == "expired"
    assert 0 <= seconds(active["expires_at"], moment(member, ref, "ticket:reverting")) <= 10
    assert {workload: world.template(workload) for workload in BOTH} == before
    assert {world.mark(workload) for workload in BOTH} == {None}
    assert world.skipped_by_pods(BOTH[0]) == {"4567-4568"}
    assert told(member, ref) == STORY
    proven = stack.run("audit", "verify")
    assert proven.returncode == 0, proven.stdout + proven.stderr


def asked(member: Api, world: StoryWorld) -> str:
    """Preview, then ask: the preview stores nothing, the answer says who decides."""
    body = asking(namespace=world.namespace, duration="PT8S")
    preview = member.post("/tickets/preview", body)
    assert preview.status_code == 200, preview.text
    assert preview.json()["rule"] == "skip-ports-encrypted"
    assert [need["group"] for need in preview.json()["waiting_for"]] == ["security-partner"]
    assert WRITTEN in str(preview.json()["targets"])
    assert member.get("/tickets", namespace=world.namespace).json()["items"] == []
    answer = member.post("/tickets", body)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["state"], answer.json()["active_from"]) == ("pending", None)
    assert answer.json()["waiting_for"][0]["people"] == ["partner", "partner2"]
    return str(answer.json()["ref"])


def looked_at_and_decided(stack: Stack, member: Api, partner: Api, ref: str) -> None:
    """The preflight shows the exact change; only a partner of this tenant, and not the requester, decides."""
    member.until_clean(ref)
    looked = member.get(f"/tickets/{ref}/evidence").json()["items"][0]["data"]
    changes = {target["workload"]: target["change"]["after"][SKIP_INBOUND] for target in looked["targets"]}
    assert changes == dict.fromkeys(BOTH, WRITTEN)
    waiting = partner.get("/tickets", state="pending", waiting_for="me").json()["items"]
    assert ref in [ticket["ref"] for ticket in waiting]
    assert member.decide(ref).status_code == 403
    assert stack.api("outsider_partner").get(f"/tickets/{ref}").status_code == 404
    assert partner.decide(ref).status_code == 200


def opened(member: Api, world: StoryWorld, ref: str, before: dict[str, dict[str, str]]) -> dict[str, Any]:
    """ACTIVE: only our keys were written, the pods show it, the window is as long as asked."""
    active = member.until(ref, "active")
    for workload in BOTH:
        assert world.template(workload) == {**before[workload], SKIP_INBOUND: WRITTEN}
        assert ref in str(world.mark(workload))
    assert world.skipped_by_pods(BOTH[0]) == {WRITTEN}
    assert seconds(active["active_from"], active["expires_at"]) == 8
    kinds = [one["kind"] for one in member.get(f"/tickets/{ref}/evidence").json()["items"]]
    assert kinds == ["preflight", "before", "applied"]
    return active


def told(member: Api, ref: str) -> list[str]:
    """The types of a ticket's events."""
    return [event["type"] for event in member.get(f"/tickets/{ref}/events").json()["items"]]


def seconds(first: str, second: str) -> float:
    """Seconds between two RFC 3339 times."""
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def moment(api: Api, ref: str, type_: str) -> str:
    """When the first event of a type happened."""
    events = api.get(f"/tickets/{ref}/events").json()["items"]
    return str(next(event["at"] for event in events if event["type"] == type_))


def approved(member: Api, partner: Api, **changes: object) -> str:
    """The reference of a ticket that was asked and approved."""
    ref = str(member.ask(**changes)["ref"])
    member.until_clean(ref)
    answer = partner.decide(ref)
    assert answer.status_code == 200, answer.text
    return ref


def test_the_requester_releases_before_the_end(world: StoryWorld, member: Api, partner: Api) -> None:
    ref = approved(member, partner, namespace=world.namespace, workloads=["deployment/web"], inbound="7000")
    member.until(ref, "active")
    assert member.post(f"/tickets/{ref}/release", {"reason": "done"}).status_code == 200
    assert member.until(ref, "closed")["outcome"] == "released"
    assert SKIP_INBOUND not in world.template("deployment/web")


def test_a_partner_revokes_an_open_window(world: StoryWorld, member: Api, partner: Api) -> None:
    ref = approved(member, partner, namespace=world.namespace, workloads=["deployment/web"], inbound="7001")
    member.until(ref, "active")
    assert partner.post(f"/tickets/{ref}/revoke", {"reason": "an incident"}).status_code == 200
    closed = member.until(ref, "closed")
    assert (closed["outcome"], closed["end_reason"], closed["ended_by"]) == ("revoked", "an incident", "partner")


def test_revoking_while_it_is_being_applied(world: StoryWorld, member: Api, partner: Api) -> None:
    with world.slow("deployment/web"):
        ref = approved(member, partner, namespace=world.namespace, workloads=["deployment/web"], inbound="7002")
        member.until(ref, "applying", "active")
        assert partner.post(f"/tickets/{ref}/revoke", {"reason": "an incident"}).status_code == 200
        member.until(ref, "closed", within=60)
    assert SKIP_INBOUND not in world.template("deployment/web")
    assert world.mark("deployment/web") is None


def test_a_rejection_changes_nothing(world: StoryWorld, member: Api, partner: Api) -> None:
    ref = str(member.ask(namespace=world.namespace, workloads=["deployment/web"], inbound="7003")["ref"])
    assert partner.decide(ref, "reject", "use opaque ports").status_code == 200
    rejected = member.ticket(ref)
    assert (rejected["state"], rejected["end_reason"]) == ("rejected", "use opaque ports")
    assert SKIP_INBOUND not in world.template("deployment/web")


def test_a_withdrawal_before_the_approval(world: StoryWorld, member: Api) -> None:
    ref = str(member.ask(namespace=world.namespace, workloads=["deployment/web"], inbound="7004")["ref"])
    assert member.post(f"/tickets/{ref}/withdraw", {"reason": "not needed"}).status_code == 200
    assert member.ticket(ref)["state"] == "withdrawn"


def test_two_tickets_on_one_workload_do_not_undo_each_other(world: StoryWorld, member: Api, partner: Api) -> None:
    asked = {"namespace": world.namespace, "workloads": ["deployment/web"]}
    first = approved(member, partner, **asked, inbound="7005,7010")
    second = approved(member, partner, **asked, inbound="7006,7010")
    member.until(first, "active")
    member.until(second, "active")
    assert world.template("deployment/web")[SKIP_INBOUND] == "4567-4568,7005-7006,7010"
    member.post(f"/tickets/{first}/release", {"reason": "done"})
    member.until(first, "closed")
    assert world.template("deployment/web")[SKIP_INBOUND] == "4567-4568,7006,7010"
    member.post(f"/tickets/{second}/release", {"reason": "done"})
    member.until(second, "closed")
    assert SKIP_INBOUND not in world.template("deployment/web")


def test_an_owner_who_edits_the_list_meanwhile_keeps_their_entry(world: StoryWorld, member: Api, partner: Api) -> None:
    ref = approved(member, partner, namespace=world.namespace, workloads=["deployment/web"], inbound="7007")
    member.until(ref, "active")
    world.edit("deployment/web", {SKIP_INBOUND: "4567-4568,7007,9090"})
    member.post(f"/tickets/{ref}/release", {"reason": "done"})
    member.until(ref, "closed")
    assert world.template("deployment/web")[SKIP_INBOUND] == "4567-4568,9090"
    world.edit("deployment/web", {SKIP_INBOUND: None})


def test_the_window_ends_while_the_rollout_still_hangs(world: StoryWorld, member: Api, partner: Api) -> None:
    with world.hanging("deployment/web"):
        asked = {"namespace": world.namespace, "workloads": ["deployment/web"], "inbound": "7008"}
        ref = approved(member, partner, **asked, duration="PT4S")
        applying = member.until(ref, "applying")
        assert applying["state"] == "applying"
        until(lambda: member.ticket(ref)["progress"], within=10, words="progress of the rollout")
        until(lambda: SKIP_INBOUND not in world.template("deployment/web"), within=20, words="the undo")
    closed = member.until(ref, "closed", within=60)
    assert closed["outcome"] == "expired"


def test_disable_injection_asks_more_people_where_it_is_not_encrypted(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    asked = {"namespace": world.namespace, "workloads": ["deployment/web"], "mode": "disable-injection", "inbound": ""}
    plain = {"encrypted": False, "how": "a legacy client; the risk is owned by the tenant"}
    ref = str(member.ask(**asked, application_encryption=plain)["ref"])
    member.until_clean(ref)
    assert partner.decide(ref).json()["state"] == "pending"
    assert stack.api("owner").decide(ref).json()["state"] == "approved"
    member.until(ref, "active")
    assert world.template("deployment/web")["linkerd.io/inject"] == "disabled"
    assert world.meshed_pods("deployment/web") == {False}
    member.post(f"/tickets/{ref}/release", {"reason": "done"})
    member.until(ref, "closed")
    assert "linkerd.io/inject" not in world.template("deployment/web")
    assert world.meshed_pods("deployment/web") == {True}


def test_a_worker_killed_with_the_claim_delays_the_undo_by_30_seconds_at_most(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    asked = {"namespace": world.namespace, "workloads": ["deployment/web"], "inbound": "7009"}
    ref = approved(member, partner, **asked, duration="PT5S")
    member.until(ref, "active")
    stack.kill("undo")
    member.until(ref, "reverting")
    stack.start("undo", "workers", "worker", "--work", "undo")
    closed = member.until(ref, "closed", within=30)
    assert closed["outcome"] == "expired"
    assert SKIP_INBOUND not in world.template("deployment/web")
