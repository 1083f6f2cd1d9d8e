"""Messages between a commit and a queue: nothing is lost with the queue, nothing leaves that was not committed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from sqlalchemy import select, update

from portal import outbox
from portal.config import Config
from portal.db import Database
from portal.embedded import Valkey
from portal.models import Message
from tests.workers.desk import Desk
from workers.celery import make_celery
from workers.sweep import sweep
from workers.tasks import WORK, register

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
QUEUE = outbox.apply_queue("practice")


@pytest.fixture
def queue(valkey_url: str) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(valkey_url)
    client.flushall()
    client.config_set("maxmemory", 0)
    yield client
    client.close()


def call(subject: int | str = 7) -> outbox.Call:
    return outbox.Call("meshdesk.preflight", subject, QUEUE)


def send(database: Database, *, age: float = 0) -> None:
    with database.unit_of_work() as session:
        outbox.send(session, call(), now=datetime.now(UTC) - timedelta(seconds=age))


def untaken(database: Database) -> list[tuple[str, int]]:
    with database.reading() as session:
        query = select(Message.subject, Message.sends).where(Message.taken_at.is_(None)).order_by(Message.id)
        return [(subject, sends) for subject, sends in session.execute(query)]


def grow_old(database: Database) -> None:
    with database.unit_of_work() as session:
        session.execute(update(Message).values(sent_at=datetime.now(UTC) - timedelta(minutes=6)))


def test_a_committed_message_is_in_its_queue(database: Database, valkey_url: str, queue: redis.Redis) -> None:
    outbox.install(database, valkey_url)
    with database.unit_of_work() as session:
        outbox.send(session, call(), now=datetime.now(UTC))
        assert queue.llen(QUEUE) == 0
    assert queue.llen(QUEUE) == 1
    assert b"meshdesk.preflight" in queue.lrange(QUEUE, 0, 0)[0]


def test_a_message_of_work_that_is_rolled_back_never_leaves(
    database: Database, valkey_url: str, queue: redis.Redis
) -> None:
    outbox.install(database, valkey_url)

    def change_one_s_mind() -> None:
        with database.unit_of_work() as session:
            outbox.send(session, call(), now=datetime.now(UTC))
            raise RuntimeError("changed its mind")

    with pytest.raises(RuntimeError):
        change_one_s_mind()
    assert (queue.llen(QUEUE), untaken(database)) == (0, [])


def test_a_message_of_a_part_that_is_rolled_back_never_leaves(
    database: Database, valkey_url: str, queue: redis.Redis
) -> None:
    outbox.install(database, valkey_url)
    with database.unit_of_work() as session:
        part = session.begin_nested()
        outbox.send(session, call("part"), now=datetime.now(UTC))
        part.rollback()
        outbox.send(session, call("rest"), now=datetime.now(UTC))
    assert untaken(database) == [("rest", 1)]
    assert (queue.llen(QUEUE), b"rest" in queue.lrange(QUEUE, 0, 0)[0]) == (1, True)


def test_a_queue_that_is_away_fails_no_commit(database: Database) -> None:
    outbox.install(database, NOBODY_LISTENS)
    started = time.monotonic()
    send(database)
    assert untaken(database) == [("7", 1)]
    assert time.monotonic() - started < 2


def test_a_queue_that_is_full_fails_no_commit(database: Database, valkey_url: str, queue: redis.Redis) -> None:
    outbox.install(database, valkey_url)
    queue.config_set("maxmemory", 1)
    send(database)
    assert untaken(database) == [("7", 1)]
    queue.config_set("maxmemory", 0)
    send(database)
    assert queue.llen(QUEUE) == 1


def test_the_sweep_sends_what_a_dead_queue_did_not_take(desk: Desk, valkey: Valkey, queue: redis.Redis) -> None:
    outbox.install(desk.database, valkey.url)
    valkey.kill()
    number = desk.ask("7001")
    sweep(desk.context)
    valkey.start()
    assert queue.llen(QUEUE) == 0
    sweep(desk.context)
    assert queue.llen(QUEUE) == 0
    grow_old(desk.database)
    sweep(desk.context)
    assert queue.llen(QUEUE) == 1
    assert untaken(desk.database) == [(str(number), 2)]


def test_a_delayed_message_is_not_due_before_its_time(database: Database, valkey_url: str, queue: redis.Redis) -> None:
    outbox.install(database, valkey_url)
    with database.unit_of_work() as session:
        later = outbox.Call("meshdesk.preflight", 7, QUEUE, timedelta(minutes=1))
        outbox.send(session, later, now=datetime.now(UTC))
    assert b'"eta": "2' in queue.lrange(QUEUE, 0, -1)[0]
    with database.unit_of_work() as session:
        assert outbox.resend(session, now=datetime.now(UTC) + timedelta(seconds=65)) == 0
        assert outbox.resend(session, now=datetime.now(UTC) + timedelta(seconds=75)) == 1
    assert b'"eta": null' in queue.lrange(QUEUE, 0, -1)[0]


def test_a_task_that_nobody_knows_cannot_be_sent(database: Database) -> None:
    with database.unit_of_work() as session, pytest.raises(ValueError, match=r"no task is called meshdesk\.dance"):
        outbox.send(session, outbox.Call("meshdesk.dance", 7, QUEUE), now=datetime.now(UTC))


def test_workers_know_every_task_that_can_be_sent_and_no_other() -> None:
    app = make_celery(Config(redis_url=NOBODY_LISTENS))
    register(app)
    ours = {name for name in app.tasks if not name.startswith("celery.")}
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert ours == outbox.TASKS | scheduled
    assert set(WORK) == outbox.TASKS
