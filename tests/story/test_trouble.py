"""What goes wrong in clusters: other writers, denials, missing rights, an API server that is away, slow rollouts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest

from portal.errors import Conflict
from tests.story.api import SKIP_INBOUND, Api, approved, duration_between, until
from tests.story.pairs import EACH_ONCE
from tests.story.stack import Stack
from tests.story.worlds import StoryWorld

pytestmark = [pytest.mark.story, EACH_ONCE]

BUILD = "emojis.example/build"
EVERY = 0.05


def test_a_second_writer_at_the_same_time_keeps_its_entries(world: StoryWorld, member: Api, partner: Api) -> None:
    workload = "deployment/busy"
    with another_writer(world, workload) as built:
        ref = approved(member, partner, namespace=world.namespace, workloads=[workload], inbound="7100")
        member.until(ref, "active", within=60)
        add_entry(world, workload, "9090")
        assert member.post(f"/tickets/{ref}/release", {"reason": "done"}).status_code == 200
        member.until(ref, "closed", within=60)
        assert built
    assert world.template(workload)[SKIP_INBOUND] == "4567-4568,9090"
    assert world.object(workload)["metadata"]["annotations"][BUILD] == built[-1]
    assert world.mark(workload) is None
    world.edit(workload, {SKIP_INBOUND: None})


@contextmanager
def another_writer(world: StoryWorld, workload: str) -> Iterator[list[str]]:
    """Inside, somebody writes the workload many times a second; gives what was written so far."""
    written: list[str] = []
    ended = threading.Event()

    def write() -> None:
        for number in count(1):
            if ended.wait(EVERY):
                return
            world.annotate(workload, {BUILD: str(number)})
            written.append(str(number))

    writer = threading.Thread(target=write, name="another writer")
    writer.start()
    try:
        yield written
    finally:
        ended.set()
        writer.join()


def add_entry(world: StoryWorld, workload: str, port: str) -> None:
    """Add a port to the list as an owner who read it first; done again where somebody wrote in between."""

    def added() -> bool:
        seen = world.object(workload)
        listed = seen["spec"]["template"]["metadata"]["annotations"][SKIP_INBOUND]
        version = seen["metadata"]["resourceVersion"]
        try:
            world.edit(workload, {SKIP_INBOUND: f"{listed},{port}"}, version=version)
        except Exception as error:
            if isinstance(error, Conflict) or getattr(error, "status", None) == 409:
                return False
            raise
        return True

    until(added, within=20, every=0.01, words="the owner's own change")


def test_a_policy_that_denies_after_the_preflight_fails_it_until_it_is_lifted(
    world: StoryWorld, member: Api, partner: Api
) -> None:
    workload, message = "deployment/guarded", "freeze of the quarter: ask the release managers"
    ref = str(member.ask(namespace=world.namespace, workloads=[workload], inbound="7101")["ref"])
    member.until_clean(ref)
    with world.denied(workload, message):
        assert partner.decide(ref).status_code == 200
        failed = member.until(ref, "failed")
        assert message in failed["problem"]
        assert failed["active_from"] is None
        assert SKIP_INBOUND not in world.template(workload)
    assert member.post(f"/tickets/{ref}/retry").status_code == 200
    assert member.until(ref, "active")["problem"] is None
    assert world.template(workload)[SKIP_INBOUND] == "4567-4568,7101"
    release(member, ref)


def release(member: Api, ref: str) -> dict[str, Any]:
    """The ticket once it was released and closed."""
    assert member.post(f"/tickets/{ref}/release", {"reason": "done"}).status_code == 200
    return member.until(ref, "closed", within=60)


def test_missing_rights_block_the_approval_and_say_why(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    workload = "deployment/guarded"
    with world.forbidden(workload) as limited, stack.reaching(limited):
        ref = str(member.ask(namespace=world.namespace, workloads=[workload], inbound="7102")["ref"])
        looked = member.until_true(ref, lambda ticket: ticket["preflight"], "its preflight")
        assert not looked["preflight"]["clean"]
        found = [finding for finding in looked["preflight"]["findings"] if finding["severity"] == "blocking"]
        assert [finding["code"] for finding in found] == ["change-refused"]
        refused = partner.decide(ref)
        assert refused.status_code == 409
        assert found[0]["fact"] in refused.json()["detail"]
    assert member.post(f"/tickets/{ref}/preflight").status_code == 200
    member.until_clean(ref)
    assert partner.decide(ref).status_code == 200
    member.until(ref, "active")
    release(member, ref)


def test_an_api_server_that_goes_and_comes_back_while_it_is_applied_and_undone(
    world: StoryWorld, member: Api, partner: Api
) -> None:
    workload = "deployment/far"
    with world.slow(workload):
        ref = approved(member, partner, namespace=world.namespace, workloads=[workload], inbound="7103")
        member.until_true(ref, lambda ticket: ticket["progress"], "progress of the rollout")
        with world.outage():
            says_that_it_is_away(member, ref, "applying")
        assert member.until(ref, "active", within=60)["problem"] is None
        assert member.post(f"/tickets/{ref}/release", {"reason": "done"}).status_code == 200
        until(lambda: SKIP_INBOUND not in world.template(workload), within=20, words="the undo")
        assert member.ticket(ref)["state"] == "reverting"
        with world.outage():
            says_that_it_is_away(member, ref, "reverting")
        closed = member.until(ref, "closed", within=60)
    assert (closed["outcome"], closed["problem"]) == ("released", None)
    assert world.mark(workload) is None


def says_that_it_is_away(member: Api, ref: str, state: str) -> None:
    """The ticket waits where it is and says why in a sentence for people."""
    assert "does not answer; this is tried again by itself" in member.until_problem(ref)
    assert member.ticket(ref)["state"] == state
    assert "work:hindered" in member.events(ref)


def test_a_window_that_ends_while_the_api_server_is_away_is_closed_afterwards(
    world: StoryWorld, member: Api, partner: Api
) -> None:
    workload = "deployment/far"
    asked = {"namespace": world.namespace, "workloads": [workload], "inbound": "7104", "duration": "PT5S"}
    ref = approved(member, partner, **asked)
    active = member.until(ref, "active", within=60)
    with world.outage():
        says_that_it_is_away(member, ref, "reverting")
        assert duration_between(active["expires_at"], member.moment(ref, "ticket:reverting")) <= 10
    until(lambda: SKIP_INBOUND not in world.template(workload), within=60, words="the undo")
    assert member.until(ref, "closed", within=60)["outcome"] == "expired"
    assert world.skipped_by_pods(workload) == {"4567-4568"}


def test_a_slow_rollout_shows_how_far_it_is_while_the_window_runs(world: StoryWorld, member: Api, partner: Api) -> None:
    workload = "deployment/slow"
    with world.slow(workload):
        ref = approved(member, partner, namespace=world.namespace, workloads=[workload], inbound="7105")
        between = member.until_true(ref, lambda ticket: halfway(ticket, workload), "progress in between")
        assert between["state"] == "applying"
        assert between["expires_at"] > between["active_from"]
        active = member.until(ref, "active", within=60)
        assert active["active_from"] == between["active_from"]
        done = active["progress"][workload]
        assert (done["updated"], done["complete"], done["waiting"]) == (done["desired"], True, [])
    release(member, ref)


def halfway(ticket: dict[str, Any], workload: str) -> bool:
    """Whether the rollout was seen with some, not all, of its pods updated."""
    seen = ticket["progress"].get(workload)
    return bool(seen) and 0 < seen["updated"] < seen["desired"] and bool(seen["waiting"])
