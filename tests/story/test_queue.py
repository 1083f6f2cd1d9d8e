"""What goes wrong in the product itself: the queue loses everything, workers are killed, or there are too many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from portal.models import Ticket
from tests.story.api import SKIP_INBOUND, Api, approved, duration_between, until
from tests.story.pairs import EACH_ONCE
from tests.story.stack import Stack
from tests.story.worlds import StoryWorld

pytestmark = [pytest.mark.story, EACH_ONCE]

LOST = "deployment/lost"
LATE_AT_MOST = 30


def test_a_queue_that_loses_everything_loses_no_ticket(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    asked = {"namespace": world.namespace, "workloads": [LOST], "duration": "PT6S"}
    ref = str(member.ask(**asked, inbound="7200")["ref"])
    member.until_clean(ref)
    stack.queue.kill()
    assert partner.decide(ref).json()["state"] == "approved"
    later = str(member.ask(**asked, inbound="7204")["ref"])
    stack.queue.start()
    active = member.until(ref, "active", within=60)
    member.until_clean(later)
    stack.queue.kill()
    stack.queue.start()
    assert member.until(ref, "closed", within=60)["outcome"] == "expired"
    assert duration_between(active["expires_at"], member.moment(ref, "ticket:reverting")) <= 10
    assert SKIP_INBOUND not in world.template(LOST)
    assert member.post(f"/tickets/{later}/withdraw", {"reason": "done"}).status_code == 200


def test_a_worker_killed_while_it_applies_is_followed_by_another(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    with world.slow(LOST):
        ref = approved(member, partner, namespace=world.namespace, workloads=[LOST], inbound="7201")
        member.until_true(ref, lambda ticket: ticket["active_from"], "its window")
        with hanging_work(stack, world, ref):
            stack.kill("apply")
        killed = time.monotonic()
        stack.start("apply")
        member.until(ref, "active", within=LATE_AT_MOST)
        print_late("ACTIVE", "the kill", time.monotonic() - killed)
    assert world.template(LOST)[SKIP_INBOUND] == "4567-4568,7201"
    member.post(f"/tickets/{ref}/release", {"reason": "done"})
    member.until(ref, "closed", within=60)
    assert member.events(ref).count("window:opened") == 1


@contextmanager
def hanging_work(stack: Stack, world: StoryWorld, ref: str) -> Iterator[None]:
    """Inside, a worker holds the ticket and waits for an answer of the cluster."""
    with world.doors.frozen():
        until(lambda: is_held(stack, ref), within=20, every=0.01, words="a claim")
        yield


def is_held(stack: Stack, ref: str) -> bool:
    """Whether a worker holds the ticket now: what no page shows."""
    with stack.database.reading() as session:
        held = select(Ticket.claim_token).where(Ticket.id == int(ref.removeprefix("MD-")))
        return session.scalar(held) is not None


def print_late(what: str, after: str, seconds: float) -> None:
    """Say in the test's output how long it took."""
    print(f"{what} {seconds:.1f} s after {after}")  # noqa: T201 - shown by pytest -rP


def test_a_worker_killed_while_it_undoes_makes_it_30_seconds_late_at_most(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    asked = {"namespace": world.namespace, "workloads": [LOST], "inbound": "7202", "duration": "PT4S"}
    ref = approved(member, partner, **asked)
    ends = member.until(ref, "active")["expires_at"]
    with world.doors.frozen():
        member.until(ref, "reverting")
        until(lambda: is_held(stack, ref), within=20, every=0.01, words="a claim")
        stack.kill("undo")
    stack.start("undo")
    until(lambda: SKIP_INBOUND not in world.template(LOST), within=LATE_AT_MOST, words="the undo")
    member.until(ref, "closed", within=60)
    late = duration_between(ends, member.moment(ref, "evidence:undone"))
    print_late("proven", "its end", late)
    assert late <= LATE_AT_MOST


def test_two_of_every_process_change_nothing_twice(stack: Stack, world: StoryWorld, member: Api, partner: Api) -> None:
    asked = {"namespace": world.namespace, "workloads": ["deployment/shared"], "duration": "PT4S"}
    refs = [str(member.ask(**asked, inbound=str(7210 + number))["ref"]) for number in range(3)]
    with stack.besides(apply2="apply", undo2="undo", beat2="beat"):
        for ref in refs:
            member.until_clean(ref)
            assert partner.decide(ref).status_code == 200
        for ref in refs:
            member.until(ref, "active", "reverting", "closed", within=60)
        for ref in refs:
            assert member.until(ref, "closed", within=60)["outcome"] == "expired"
    for ref in refs:
        events = member.events(ref)
        assert sorted(events) == sorted(set(events)), events
    assert SKIP_INBOUND not in world.template("deployment/shared")
    assert world.mark("deployment/shared") is None


def test_a_worker_that_is_restarted_goes_on_where_it_stopped(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    with world.slow(LOST):
        ref = approved(member, partner, namespace=world.namespace, workloads=[LOST], inbound="7203")
        member.until_true(ref, lambda ticket: ticket["progress"], "progress of the rollout")
        with stack.without("apply"):
            assert stack.ended["apply"] == 0
        member.until(ref, "active", within=LATE_AT_MOST)
        member.post(f"/tickets/{ref}/release", {"reason": "done"})
        until(lambda: SKIP_INBOUND not in world.template(LOST), within=20, words="the undo")
        with stack.without("undo"):
            assert stack.ended["undo"] == 0
        assert member.until(ref, "closed", within=60)["outcome"] == "released"
