"""The task `meshdesk.notify`: send all that is due by one channel, one after the other.

A channel has one sender in a process, and all senders together at most half of its threads: a server that answers
slowly holds up nobody but those who are told by it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from portal.config import Config
from portal.db import database_now
from portal.errors import ConfigurationError
from portal.notify import delivering, words
from portal.notify.delivering import Parcel
from workers.context import Context
from workers.notify.channels import read_channels
from workers.notify.outcomes import NoChannel, Undelivered
from workers.notify.webhook import Webhook

log = logging.getLogger(__name__)

# After so many failures in a row the server is taken to be away, and the rest left to the next sweep.
IN_A_ROW = 3
UNUSABLE = "The channels file cannot be used: the platform's operators find why in the workers' log."
UNFORESEEN = "Something unforeseen went wrong in Meshdesk: its operators find it in the workers' log."

_active: list[str] = []
_guard = threading.Lock()


def send_due(context: Context, channel: str) -> None:
    """Send what is due by the channel; harmless when nothing is or another thread does it already."""
    with _turn(channel, most=max(1, context.config.worker_threads // 2)) as mine:
        failures = 0
        while mine and failures < IN_A_ROW and (parcel := _claimed(context, channel)) is not None:
            failures = 0 if _deliver(context, parcel) else failures + 1


@contextmanager
def _turn(channel: str, *, most: int) -> Iterator[bool]:
    with _guard:
        mine = channel not in _active and len(_active) < most
        if mine:
            _active.append(channel)
    try:
        yield mine
    finally:
        if mine:
            with _guard:
                _active.remove(channel)


def _claimed(context: Context, channel: str) -> Parcel | None:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        return delivering.claim(session, channel, now=now, digest_hour=context.config.digest_hour)


def _deliver(context: Context, parcel: Parcel) -> bool:
    """Send without a transaction open, and settle; False when it did not arrive."""
    try:
        _send(context.config, parcel)
    except NoChannel as nowhere:
        with context.database.unit_of_work() as session:
            delivering.settle_no_channel(session, parcel, problem=nowhere.sentence, now=database_now(session))
        return True
    except Exception as error:  # noqa: BLE001 - whatever a server makes of it, the delivery is settled and goes on
        problem = _problem(error)
        log.warning("%s to %s by %s: %s", parcel.sent_as, parcel.recipient, parcel.channel, problem)
        with context.database.unit_of_work() as session:
            delivering.settle_failed(session, parcel, problem=problem, now=database_now(session))
        return False
    with context.database.unit_of_work() as session:
        delivering.settle_delivered(session, parcel, now=database_now(session))
    return True


def _send(config: Config, parcel: Parcel) -> None:
    door = read_channels(config.channels_file).door(parcel.channel, parcel.email)
    if isinstance(door, Webhook):
        door.send(words.payload(parcel.notices[0], parcel.sent_as, config.public_url), parcel.sent_as)
    elif parcel.digest:
        door.send(words.digest(parcel.notices, config.public_url), parcel.sent_as)
    else:
        door.send(words.letter(parcel.notices[0], config.public_url), parcel.sent_as)


def _problem(error: Exception) -> str:
    if isinstance(error, Undelivered):
        return error.sentence
    if isinstance(error, ConfigurationError):
        log.error("%s", error.sentence)
        return UNUSABLE
    # Its own words may hold an address or a token: where it happened says enough.
    log.error("a notice could not be sent: %s at %s", type(error).__name__, _place(error))
    return UNFORESEEN


def _place(error: Exception) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return "unknown" if last is None else f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}"
