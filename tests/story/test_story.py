"""The main job, end to end: asked, looked at, approved, written, proven, undone on time. Real processes, real HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.story.api import SKIP_INBOUND, Api, approved, asking, duration_between, until
from tests.story.stack import Stack
from tests.story.worlds import StoryWorld

pytestmark = pytest.mark.story

BOTH = ("deployment/emoji", "deployment/voting")
WRITTEN = "4567-4568,8080,9000-9010"
STORY = [
    "ticket:submitted",
    "evidence:preflight",
    "evidence:probe",
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
    assert 0 <= duration_between(active["expires_at"], member.moment(ref, "ticket:reverting")) <= 10
    assert {workload: world.template(workload) for workload in BOTH} == before
    assert {world.mark(workload) for workload in BOTH} == {None}
    assert world.skipped_by_pods(BOTH[0]) == {"4567-4568"}
    # Workloads whose pods are back at different times are proven in several rounds.
    evidence = member.get(f"/tickets/{ref}/evidence").json()["items"]
    undone = [target for one in evidence if one["kind"] == "undone" for target in one["data"]["targets"]]
    assert [target["change"]["unified"] for target in undone] == ["", ""]
    assert list(dict.fromkeys(member.events(ref))) == STORY


def asked(member: Api, world: StoryWorld) -> str:
    """Preview, then ask: the preview stores nothing, the answer says who decides."""
    body, so_far = asking(namespace=world.namespace, duration="PT8S"), newest(member)
    preview = member.post("/tickets/preview", body)
    assert preview.status_code == 200, preview.text
    assert preview.json()["rule"] == "skip-ports-encrypted"
    assert [need["group"] for need in preview.json()["waiting_for"]] == ["security-partner"]
    assert WRITTEN in str(preview.json()["targets"])
    assert newest(member) == so_far
    answer = member.post("/tickets", body)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["state"], answer.json()["active_from"]) == ("pending", None)
    assert answer.json()["waiting_for"][0]["people"] == ["partner", "partner2"]
    return str(answer.json()["ref"])


def newest(member: Api) -> list[str]:
    """The newest ticket's reference; none when there is no ticket."""
    return [str(ticket["ref"]) for ticket in member.get("/tickets", limit="1").json()["items"]]


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
    assert duration_between(active["active_from"], active["expires_at"]) == 8
    evidence = member.get(f"/tickets/{ref}/evidence").json()["items"]
    assert [one["kind"] for one in evidence] == ["preflight", "probe", "before", "applied"]
    for target in evidence[3]["data"]["targets"]:
        assert target["change"]["unified"].splitlines()[-1] == f"+{SKIP_INBOUND}: {WRITTEN}"
        assert target["field_owners"][SKIP_INBOUND] == ["meshdesk"]
    assert [len(target["pods"]) for target in evidence[2]["data"]["targets"]] == [3, 2]
    return active


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
    # A decision on what was seen before the preflight came would be stale.
    member.until_clean(ref)
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
