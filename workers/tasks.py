"""The tasks: thin shells that take a message once and call the work. A message carries only ids."""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import Celery

from portal import outbox
from portal.db import database_now
from workers.apply import apply
from workers.certificates import read_certificates
from workers.context import Context, process_context
from workers.guard.task import guard
from workers.inventory import refresh
from workers.orphans import converge_target
from workers.posture import read_posture
from workers.preflight import preflight
from workers.probe.task import probe
from workers.sweep import sweep
from workers.topline.asking import ask as ask_topline
from workers.undo import undo
from workers.viz.bundles import read_bundle

log = logging.getLogger(__name__)

Work = Callable[[Context, str], None]


def _of_ticket(work: Callable[[Context, int], None]) -> Work:
    return lambda context, subject: work(context, int(subject))


def _notify(context: Context, channel: str) -> None:
    # Apprise knows a hundred services: only the workers that tell people load it.
    from workers.notify.sending import send_due  # noqa: PLC0415

    send_due(context, channel)


WORK: dict[str, Work] = {
    "meshdesk.preflight": _of_ticket(preflight),
    "meshdesk.apply": _of_ticket(apply),
    "meshdesk.undo": _of_ticket(undo),
    "meshdesk.converge": _of_ticket(converge_target),
    "meshdesk.inventory": refresh,
    "meshdesk.bundle": read_bundle,
    "meshdesk.posture": read_posture,
    "meshdesk.guard": guard,
    "meshdesk.certificates": read_certificates,
    "meshdesk.notify": _notify,
    "meshdesk.probe": _of_ticket(probe),
    "meshdesk.topline": ask_topline,
}


def handle(context: Context, task: str, message_id: int, subject: str) -> None:
    """Take a message and do its work; a message delivered twice is taken once."""
    with context.database.unit_of_work() as session:
        if not outbox.take(session, message_id, now=database_now(session)):
            return
    WORK[task](context, subject)


def register(app: Celery) -> None:
    """Register every task that the outbox can send, and the sweep."""
    for name in WORK:
        app.task(_task(name), name=name)
    app.task(_sweep, name="meshdesk.sweep")


def _sweep() -> None:
    sweep(process_context())


def _task(name: str) -> Callable[[int, str], None]:
    def run(message_id: int, subject: str) -> None:
        handle(process_context(), name, message_id, subject)

    return run
