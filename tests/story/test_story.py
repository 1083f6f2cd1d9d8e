"""The main job, end to end: asked, looked at, approved, written, proven, undone on time. Real processes, real HTTP."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from tests.story.stack import Api, Stack, asking, until
from tests.story.worlds import StoryWorld

pytestmark = pytest.mark.story

SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"
MARK = "meshdesk.io/tickets"


@pytest.fixture
def member(stack: Stack) -> Api:
    return stack.api("member")


@pytest.fixture
def partner(stack: Stack) -> Api:
    return stack.api("partner")


def test_an_exception_is_asked_approved_applied_proven_and_undone_on_time(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    before = {name: world.template(f"deployment/{name}") for name in ("emoji", "voting")}
    namespace = world.namespace
    body = asking(namespace=namespace, duration="PT8S")

    preview = member.post("/tickets/preview", body)
    assert preview.status_code == 200, preview.text
    assert preview.json()["rule"] == "skip-ports-encrypted"
    assert [need["group"] for need in preview.json()["waiting_for"]] == ["security-partner"]
    assert "4567-4568,8080,9000-9010" in str(preview.json()["targets"])
    assert member.get("/tickets", namespace=namespace).json()["items"] == []

    asked = member.post("/tickets", body)
    assert asked.status_code == 201, asked.text
    ref = asked.json()["ref"]
    assert asked.json()["state"] == "pending"
    assert asked.json()["active_from"] is None
    assert asked.json()["waiting_for"][0]["people"] == ["partner", "partner2"]

    member.until_clean(ref)
    looked = member.get(f"/tickets/{ref}/evidence").json()["items"][0]["data"]
    changes = {target["workload"]: target["change"]["after"][SKIP_INBOUND] for target in looked["targets"]}
    assert changes == dict.fromkeys(("deployment/emoji", "deployment/voting"), "4567-4568,8080,9000-9010")
    waiting = partner.get("/tickets", state="pending", waiting_for="me").json()["items"]
    assert ref in [ticket["ref"] for ticket in waiting]
    assert member.decide(ref).status_code == 403
    assert stack.api("outsider_partner").get(f"/tickets/{ref}").status_code == 404

    assert partner.decide(ref).status_code == 200
    approved = time.monotonic()
    until(lambda: "8080" in world.template("deployment/voting").get(SKIP_INBOUND, ""), within=2, words="the write")
    print(f"written {time.monotonic() - approved:.2f} s after the approval")

    active = member.until(ref, "active")
    for name in ("emoji", "voting"):
        assert world.template(f"deployment/{name}") == {**before[name], SKIP_INBOUND: "4567-4568,8080,9000-9010"}
        assert ref in world.mark(f"deployment/{name}")
    assert world.skipped_by_pods("deployment/emoji") == {"4567-4568,8080,9000-9010"}
    assert duration_between(active["active_from"], active["expires_at"]) == 8

    closed = member.until(ref, "closed", within=40)
    assert closed["outcome"] == "expired"
    late = duration_between(active["expires_at"], moment(member, ref, "ticket:reverting"))
    assert 0 <= late <= 10
    for name in ("emoji", "voting"):
        assert world.template(f"deployment/{name}") == before[name]
        assert world.mark(f"deployment/{name}") is None
    assert world.skipped_by_pods("deployment/emoji") == {"4567-4568"}

    told = [event["type"] for event in member.get(f"/tickets/{ref}/events").json()["items"]]
    assert told == [
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
    kinds = [one["kind"] for one in member.get(f"/tickets/{ref}/evidence").json()["items"]]
    assert kinds == ["preflight", "before", "applied", "undone"]
    proven = stack.run("audit", "verify")
    assert proven.returncode == 0, proven.stdout + proven.stderr


def duration_between(first: str, second: str) -> float:
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
