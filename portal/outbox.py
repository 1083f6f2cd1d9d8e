"""Messages to workers: a row in the caller's transaction, handed to the queue after its commit, swept if not taken."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy import delete, inspect, select, update
from sqlalchemy.orm import Session

from portal.db import Database
from portal.models import Message, Ticket

log = logging.getLogger(__name__)

TASKS = frozenset(
    f"meshdesk.{name}"
    for name in (
        *("preflight", "apply", "undo", "inventory", "converge", "bundle", "guard", "notify"),
        *("posture", "probe", "certificates", "topline"),
    )
)
NOTIFY_QUEUE = "notify"
RESEND_AFTER = timedelta(seconds=10)
RESEND_AT_MOST = timedelta(minutes=5)
KEEP_TAKEN = timedelta(days=1)
BATCH = 500


def apply_queue(cluster: str) -> str:
    """The queue of the work that opens things on a cluster."""
    return f"cluster.{cluster}.apply"


def undo_queue(cluster: str) -> str:
    """The queue of the work that undoes things: it never waits behind applying."""
    return f"cluster.{cluster}.undo"


def look_queue(cluster: str) -> str:
    """The queue of the work that only looks at a cluster and may take minutes: posture, probes, figures."""
    return f"cluster.{cluster}.look"


@dataclass(frozen=True)
class Call:
    """A task to be called with one id, in a queue, not before `delay` has passed."""

    task: str
    subject: int | str
    queue: str
    delay: timedelta = timedelta(0)


def _cluster(ticket: Ticket) -> str:
    if ticket.cluster is None:
        raise ValueError(f"{ticket.ref} concerns no cluster: no worker has anything to do for it")
    return ticket.cluster


def apply_call(ticket: Ticket) -> Call:
    """The call that carries an approved ticket on."""
    return Call("meshdesk.apply", ticket.id, apply_queue(_cluster(ticket)))


def undo_call(ticket: Ticket) -> Call:
    """The call that takes an ended ticket back."""
    return Call("meshdesk.undo", ticket.id, undo_queue(_cluster(ticket)))


def preflight_call(ticket: Ticket) -> Call:
    """The call that looks at a ticket's workloads before anybody decides."""
    return Call("meshdesk.preflight", ticket.id, apply_queue(_cluster(ticket)))


def probe_call(ticket: Ticket) -> Call:
    """The call that tries whether a ticket's application encrypts as its requester says."""
    return Call("meshdesk.probe", ticket.id, look_queue(_cluster(ticket)))


def send(session: Session, call: Call, *, now: datetime) -> Message:
    """Add a message to the transaction; it leaves after the commit. Raises ValueError for an unknown task."""
    if call.task not in TASKS:
        raise ValueError(f"no task is called {call.task}")
    due = now + call.delay
    message = Message(
        task=call.task, queue=call.queue, subject=str(call.subject), created_at=now, due_at=due, sent_at=due
    )
    session.add(message)
    # The number is what travels, and it is given by the database.
    session.flush()
    session.info.setdefault("messages", []).append(message)
    return message


def take(session: Session, message_id: int, *, now: datetime) -> bool:
    """True for the first who takes the message: a second delivery finds it taken."""
    taken = session.execute(
        update(Message).where(Message.id == message_id, Message.taken_at.is_(None)).values(taken_at=now)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def supersede(session: Session, task: str, subject: int | str, *, now: datetime) -> None:
    """Take such messages off, because another follows: else each retry by a person would start a chain of its own."""
    same = update(Message).where(Message.task == task, Message.subject == str(subject), Message.taken_at.is_(None))
    session.execute(same.values(taken_at=now))


def waiting(session: Session, task: str, subject: int | str) -> bool:
    """True when such a message is still to be taken."""
    query = select(Message.id).where(Message.task == task, Message.subject == str(subject), Message.taken_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def send_once(session: Session, call: Call, *, now: datetime) -> None:
    """Send it unless such a message is still to be taken: once, however often it is asked for meanwhile."""
    if not waiting(session, call.task, call.subject):
        send(session, call, now=now)


def ask_inventory(session: Session, cluster: str, *, now: datetime) -> None:
    """Have a cluster's inventory refreshed, once."""
    send_once(session, Call("meshdesk.inventory", cluster, apply_queue(cluster)), now=now)


def ask_posture(session: Session, cluster: str, *, now: datetime) -> None:
    """Have a cluster's posture read, once."""
    send_once(session, Call("meshdesk.posture", cluster, look_queue(cluster)), now=now)


def ask_guard(session: Session, cluster: str, *, now: datetime) -> None:
    """Have a cluster's guard held to the registry and the live tickets, once."""
    send_once(session, Call("meshdesk.guard", cluster, apply_queue(cluster)), now=now)


def ask_notify(session: Session, channel: str, *, now: datetime) -> None:
    """Have a worker send what is due by a channel, once."""
    send_once(session, Call("meshdesk.notify", channel, NOTIFY_QUEUE), now=now)


def resend(session: Session, *, now: datetime) -> int:
    """Hand messages that nobody took to the queue again, ever more seldom; gives how many."""
    untaken = select(Message.id, Message.sent_at, Message.sends).where(
        Message.taken_at.is_(None), Message.sent_at < now - RESEND_AFTER
    )
    untaken = untaken.order_by(Message.due_at, Message.id)
    # Counted after, not before: messages of a cluster whose workers are away must not keep others back.
    ids = [id_ for id_, sent_at, sends in session.execute(untaken) if sent_at + _patience(sends) < now][:BATCH]
    again = select(Message).where(Message.id.in_(ids)).order_by(Message.due_at, Message.id)
    overdue = session.scalars(again).all()
    for message in overdue:
        message.sent_at, message.sends = now, message.sends + 1
        session.info.setdefault("messages", []).append(message)
    return len(overdue)


def _patience(sends: int) -> timedelta:
    return min(RESEND_AFTER * (1 << min(sends - 1, 10)), RESEND_AT_MOST)


def forget_taken(session: Session, *, now: datetime) -> None:
    """Remove messages that were taken a day ago."""
    session.execute(delete(Message).where(Message.taken_at < now - KEEP_TAKEN))


class Sender:
    """Hands committed messages to the queue; a queue that is away is left to the sweep."""

    def __init__(self, redis_url: str) -> None:
        self._celery = Celery("meshdesk", broker=redis_url, set_as_current=False)
        # Somebody waits for the answer to what was just committed: one try, the sweep makes the others.
        once = {**transport_options(), "max_retries": 0, "interval_start": 0}
        self._celery.conf.update(broker_transport_options=once, task_ignore_result=True)

    def __call__(self, session: Session) -> None:
        """Send what this session committed."""
        for message in self._drain(session):
            try:
                self._send(message)
            except (OperationalError, OSError) as error:
                log.warning("message %s waits for the sweep: the queue is away (%s)", message.id, type(error).__name__)
                return

    @staticmethod
    def _drain(session: Session) -> Iterator[Message]:
        # What a rolled back savepoint added is no row.
        yield from (message for message in session.info.pop("messages", []) if not inspect(message).transient)

    def _send(self, message: Message) -> None:
        delay = (message.due_at - message.created_at).total_seconds() if message.sends == 1 else 0
        self._celery.send_task(
            message.task, args=[message.id, message.subject], queue=message.queue, countdown=delay or None, retry=False
        )


def transport_options() -> dict[str, Any]:
    """How the Redis transport is used: a dead server is known within a second."""
    return {"socket_connect_timeout": 1, "socket_timeout": 5, "visibility_timeout": 600}


def install(database: Database, redis_url: str) -> None:
    """Send each unit of work's messages after its commit."""
    database.after_commit.append(Sender(redis_url))
