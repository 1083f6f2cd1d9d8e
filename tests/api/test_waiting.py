"""Long polls: they answer when the state is reached, hold no database connection, and never take all threads."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy.pool import QueuePool
from werkzeug.test import TestResponse

from portal.api.waiting import Standing, Waited, WaitingRoom, reachable
from portal.db import Database
from portal.states import State
from tests.api.desk import Desk

PENDING = Standing(State.PENDING, written=False)


def waits(app: Flask, database: Database, threads: ThreadPoolExecutor, path: str) -> Future[TestResponse]:
    """A request that waits in another thread."""
    return threads.submit(lambda: Desk(app.test_client(), database).get(path))


def test_what_was_written_cannot_go_back_to_approved() -> None:
    assert State.APPROVED in reachable(Standing(State.APPLYING, written=False))
    assert reachable(Standing(State.APPLYING, written=True)) == {
        State.APPLYING,
        State.ACTIVE,
        State.REVERTING,
        State.CLOSED,
    }
    assert reachable(Standing(State.CLOSED, written=True)) == {State.CLOSED}


@pytest.mark.parametrize(("threads", "places"), [(4, 2), (5, 2), (2, 1), (1, 0)])
def test_half_of_the_threads_may_wait_and_the_rest_are_told_busy(threads: int, places: int) -> None:
    room = WaitingRoom(threads)

    def wait(_: int) -> Waited:
        return room.wait(lambda: PENDING, frozenset({State.ACTIVE}), seconds=1)

    with ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(wait, range(4)))
    assert (ended.count(Waited.TIMEOUT), ended.count(Waited.BUSY)) == (places, 4 - places)
    assert wait(0) is (Waited.TIMEOUT if places else Waited.BUSY)


def test_a_server_that_stops_lets_everybody_go() -> None:
    room, began = WaitingRoom(4), time.monotonic()
    room.closed = lambda: time.monotonic() - began > 0.3
    assert room.wait(lambda: PENDING, frozenset({State.ACTIVE}), seconds=30) is Waited.TIMEOUT
    assert time.monotonic() - began < 2


def test_a_wait_ends_when_the_state_is_reached(app: Flask, database: Database, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    with ThreadPoolExecutor(1) as threads:
        waiting = waits(app, database, threads, f"tickets/{ref}?wait=withdrawn,closed&timeout=20")
        time.sleep(0.6)
        assert not waiting.done()
        desk.post(f"tickets/{ref}/withdraw", {"reason": "found another way"})
        answer = waiting.result(timeout=5)
    assert (answer.status_code, answer.headers["Meshdesk-Waited"]) == (200, "reached")
    assert answer.get_json()["state"] == "withdrawn"
    assert answer.headers["ETag"] == f'"{answer.get_json()["version"]}"'


def test_a_wait_holds_no_connection_while_it_sleeps(app: Flask, database: Database, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    with ThreadPoolExecutor(1) as threads:
        waiting = waits(app, database, threads, f"tickets/{ref}?wait=active&timeout=2")
        time.sleep(0.4)
        held = []
        while not waiting.done():
            held.append(pool.checkedout())
            time.sleep(0.005)
    assert held.count(0) > len(held) * 0.8


def test_a_wait_for_what_cannot_come_answers_at_once(desk: Desk) -> None:
    ref = desk.checked()["ref"]
    desk.post(f"tickets/{ref}/withdraw", {"reason": "found another way"})
    began = time.monotonic()
    answer = desk.get(f"tickets/{ref}?wait=active&timeout=30")
    assert answer.headers["Meshdesk-Waited"] == "unreachable"
    assert time.monotonic() - began < 2


def test_what_no_worker_carries_out_is_never_active(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    answer = desk.get(f"tickets/{ref}?wait=active&timeout=30")
    assert (answer.headers["Meshdesk-Waited"], answer.get_json()["state"]) == ("unreachable", "pending")
    assert desk.get(f"tickets/{ref}?wait=closed&timeout=1").headers["Meshdesk-Waited"] == "timeout"


def test_a_wait_ends_with_the_present_state_at_the_timeout(desk: Desk) -> None:
    ref = desk.checked()["ref"]
    answer = desk.get(f"tickets/{ref}?wait=active&timeout=1")
    assert (answer.status_code, answer.headers["Meshdesk-Waited"]) == (200, "timeout")
    assert answer.get_json()["state"] == "pending"


def test_more_than_half_of_the_threads_are_told_busy_at_once(app: Flask, database: Database, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    with ThreadPoolExecutor(2) as threads:
        waiting = [waits(app, database, threads, f"tickets/{ref}?wait=active&timeout=3") for _ in range(2)]
        time.sleep(0.5)
        began = time.monotonic()
        answer = desk.get(f"tickets/{ref}?wait=active&timeout=30")
        assert (answer.headers["Meshdesk-Waited"], answer.get_json()["state"]) == ("busy", "pending")
        assert time.monotonic() - began < 1
        assert {one.result().headers["Meshdesk-Waited"] for one in waiting} == {"timeout"}


@pytest.mark.parametrize(
    "query", ["wait=open", "wait=active&timeout=0", "wait=active&timeout=61", "wait=active&timeout=x"]
)
def test_what_cannot_be_waited_for_is_422(desk: Desk, query: str) -> None:
    assert desk.get(f"tickets/{desk.submitted()['ref']}?{query}").status_code == 422
