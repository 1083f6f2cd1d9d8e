"""Several people at once: who decides, who sees, who waits, who renews, and who sends the same twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest
import requests

from tests.story.api import SKIP_INBOUND, Api, approved, asking, until
from tests.story.pairs import EACH_ONCE
from tests.story.stack import Stack
from tests.story.worlds import StoryWorld

pytestmark = [pytest.mark.story, EACH_ONCE]

T = TypeVar("T")
EMOJI = "deployment/emoji"
PLAIN = {"encrypted": False, "how": "a legacy client; the risk is owned by the tenant"}


def at_once(*deeds: Callable[[], T]) -> list[T]:
    """What each deed gives, all begun in the same instant."""
    start = threading.Barrier(len(deeds))

    def do(deed: Callable[[], T]) -> T:
        start.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(do, deeds))


def approving(api: Api, ref: str, seen: str) -> Callable[[], requests.Response]:
    """The approval of a person who saw that version."""
    body = {"decision": "approve", "note": "seen"}
    return lambda: api.post(f"/tickets/{ref}/decisions", body, **{"If-Match": seen})


def version(api: Api, ref: str) -> str:
    return api.get(f"/tickets/{ref}").headers["ETag"]


def pending(member: Api, world: StoryWorld, inbound: str, **more: object) -> str:
    """A ticket that waits for its decision, with a clean preflight."""
    ref = str(member.ask(namespace=world.namespace, workloads=[EMOJI], inbound=inbound, **more)["ref"])
    member.until_clean(ref)
    return ref


def test_of_two_approvers_at_the_same_instant_one_decides(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    people = [partner, stack.api("partner2")]
    refs = [pending(member, world, str(7300 + number)) for number in range(3)]
    for ref in refs:
        seen = version(partner, ref)
        answers = at_once(*(approving(api, ref, seen) for api in people))
        codes = sorted(answer.status_code for answer in answers)
        assert codes in ([200, 409], [200, 412]), [answer.text for answer in answers]
        assert len(member.ticket(ref)["decisions"]) == 1
        assert member.events(ref).count("ticket:approved") == 1
    end(partner, *refs)


def end(by: Api, *refs: str) -> None:
    """Revoke them all and see them over."""
    for ref in refs:
        assert by.post(f"/tickets/{ref}/revoke", {"reason": "the story is over"}).status_code == 200
    for ref in refs:
        by.until(ref, "closed", "withdrawn", within=60)


def test_where_two_groups_must_approve_each_counts_for_its_own(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    ref, owner = pending(member, world, "7310", application_encryption=PLAIN), stack.api("owner")
    assert groups(member, ref) == {"security-partner", "tenant-owner"}
    assert stack.api("member2").decide(ref).status_code == 403
    seen = version(owner, ref)
    first, second = at_once(approving(owner, ref, seen), approving(partner, ref, seen))
    assert sorted([first.status_code, second.status_code]) in ([200, 409], [200, 412])
    late, missing = (owner, "tenant-owner") if second.status_code == 200 else (partner, "security-partner")
    assert (member.ticket(ref)["state"], groups(member, ref)) == ("pending", {missing})
    waiting = late.get("/tickets", state="pending", waiting_for="me").json()["items"]
    assert ref in [ticket["ref"] for ticket in waiting]
    assert late.decide(ref).json()["state"] == "approved"
    assert {decision["who"] for decision in member.ticket(ref)["decisions"]} == {"owner", "partner"}
    end(partner, ref)


def groups(api: Api, ref: str) -> set[str]:
    """Who must still approve."""
    return {need["group"] for need in api.ticket(ref)["waiting_for"]}


@pytest.mark.parametrize("person", ["outsider", "outsider_partner"])
def test_to_people_of_another_tenant_a_ticket_does_not_exist(
    stack: Stack, world: StoryWorld, member: Api, person: str
) -> None:
    ref, outsider = pending(member, world, "7320"), stack.api(person)
    seen = version(member, ref)
    for method, path in ways(member):
        headers = {"If-Match": seen} if method == "post" else {}
        body = BODIES.get(path.rpartition("/")[2]) if method == "post" else None
        url = outsider.address + path.replace("{ref}", ref)
        answer = outsider.session.request(method, url, json=body, headers=headers, timeout=30)
        assert answer.status_code == 404, (method, path, answer.text)
        assert world.namespace not in answer.text
    assert outsider.get("/tickets").json()["items"] == []
    asked = asking(namespace=world.namespace, workloads=[EMOJI], inbound="7321")
    assert {outsider.post(path, asked).status_code for path in ("/tickets", "/tickets/preview")} == {404}
    member.post(f"/tickets/{ref}/withdraw", {"reason": "the story is over"})


BODIES = {
    "decisions": {"decision": "approve", "note": "seen"},
    **{verb: {"text": "what is this?"} for verb in ("comments", "questions", "answers")},
    **{verb: {"reason": "because"} for verb in ("withdraw", "release", "revoke", "reroute", "break-glass")},
    "review": {"justified": True, "note": "seen"},
    "recertify": {"note": "still needed"},
    **{verb: {"answer": "done"} for verb in ("fulfil", "decline")},
    **{verb: {} for verb in ("retry", "reapply", "preflight", "take", "nudge")},
}


def ways(api: Api) -> list[tuple[str, str]]:
    """Every method and path of the API that is about one ticket, as its own OpenAPI document names them."""
    document = api.session.get(api.address.removesuffix("/v1") + "/openapi.json", timeout=30).json()
    found = [
        (method, path.removeprefix("/api/v1"))
        for path, item in document["paths"].items()
        for method in item
        if "{ref}" in path and method in ("get", "post")
    ]
    assert len(found) >= 12
    return found


def test_a_long_poll_answers_when_the_ticket_becomes_active(
    stack: Stack, world: StoryWorld, member: Api, partner: Api
) -> None:
    ref, waiting = pending(member, world, "7330"), stack.api("member2")
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(waiting.get, f"/tickets/{ref}", wait="active", timeout="60")
        time.sleep(1)
        assert not answer.done()
        assert partner.decide(ref).status_code == 200
        member.until(ref, "active")
        came = answer.result(timeout=5)
    assert (came.status_code, came.json()["state"], came.headers["Meshdesk-Waited"]) == (200, "active", "reached")
    end(partner, ref)


def test_forty_who_wait_keep_nobody_from_an_answer(stack: Stack, world: StoryWorld, member: Api) -> None:
    ref = pending(member, world, "7340")
    with forty_waiting(stack, ref):
        time.sleep(1)
        took = [seconds(lambda: member.ticket(ref)) for _ in range(20)]
        # What can no longer become ACTIVE is not waited for any more.
        member.post(f"/tickets/{ref}/withdraw", {"reason": "the story is over"})
    # A poll lasts up to thirty seconds: whoever were kept waiting by one would wait for longer than this.
    assert max(took) < 3, took


def seconds(deed: Callable[[], object]) -> float:
    began = time.monotonic()
    deed()
    return time.monotonic() - began


@contextmanager
def forty_waiting(stack: Stack, ref: str) -> Iterator[None]:
    """Inside, forty clients have a long poll open; one that was told `busy` comes again a second later."""
    over = threading.Event()

    def wait() -> None:
        api = stack.api("member2")
        while not over.is_set():
            answer = api.get(f"/tickets/{ref}", wait="active", timeout="30")
            assert answer.status_code == 200
            if answer.headers["Meshdesk-Waited"] == "busy":
                over.wait(1)

    with ThreadPoolExecutor(40) as threads:
        clients = [threads.submit(wait) for _ in range(40)]
        try:
            yield
        finally:
            over.set()
        assert [client.exception() for client in clients] == [None] * 40


def test_a_renewal_leaves_no_gap(world: StoryWorld, member: Api, partner: Api) -> None:
    asked = {"namespace": world.namespace, "workloads": ["deployment/renewed"], "inbound": "7350"}
    first = approved(member, partner, **asked)
    member.until(first, "active")
    with polled(lambda: world.template("deployment/renewed").get(SKIP_INBOUND, "")) as lists:
        second = approved(member, partner, **asked, renews=first)
        assert member.until(first, "closed", within=60)["outcome"] == "replaced"
        assert member.until(second, "active")["renews"] == first
    assert set(lists) == {"4567-4568,7350"}
    assert second in str(world.mark("deployment/renewed"))
    end(partner, second)
    assert SKIP_INBOUND not in world.template("deployment/renewed")


@contextmanager
def polled(look: Callable[[], T]) -> Iterator[list[T]]:
    """What was seen all the while, looked at again and again."""
    seen: list[T] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            seen.append(look())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
    assert len(seen) > 5


def test_the_same_key_asks_once(stack: Stack, world: StoryWorld, member: Api) -> None:
    body = asking(namespace=world.namespace, workloads=[EMOJI], inbound="7360")
    key = {"Idempotency-Key": f"story-{world.namespace}-{time.time_ns()}"}
    answers = at_once(*[lambda: stack.api("member").post("/tickets", body, **key)] * 4)
    again = member.post("/tickets", body, **key)
    assert {answer.status_code for answer in [*answers, again]} == {201}
    assert {answer.json()["ref"] for answer in answers} == {again.json()["ref"]}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert member.post("/tickets", {**body, "reason": "another"}, **key).status_code == 422
    ref = again.json()["ref"]
    assert member.events(ref).count("ticket:submitted") == 1
    assert until(lambda: member.ticket(ref)["preflight"], within=20, words="its preflight")
    member.post(f"/tickets/{ref}/withdraw", {"reason": "the story is over"})
