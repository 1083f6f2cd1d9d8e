"""The task `meshdesk.topline`: ask a cluster's Prometheus for what its proxies count, and write down what it says.

Only namespaces that tenants own are asked for, a few at a time, and only the minutes that are not known yet. No
transaction is open meanwhile; the sweep calls for it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from portal import outbox
from portal.db import database_now
from portal.models import Cluster, ToplineCluster
from workers.context import Context
from workers.topline.prometheus import Prometheus
from workers.topline.questions import Figures, Key, figures_of, latency_query, requests_query
from workers.topline.refusals import Denied, NobodyToAsk, TooMuch, Unanswered
from workers.topline.rows import forget, write
from workers.topline.sources import VIZ, Source, source_of
from workers.topline.turns import Turn, settle, take

log = logging.getLogger(__name__)

# So many namespaces go into one question; where the answer is too large, half of them, and so on.
AT_ONCE = 20
NOTHING_COUNTED = (
    "Prometheus answers, but has no figures of these namespaces: see that it scrapes the proxies (job linkerd-proxy), "
    "at least twice within {window} seconds."
)
NOT_ADMITTED = (
    "Viz's Prometheus refuses Meshdesk's workers: it admits only the identities that an AuthorizationPolicy names. "
    "Your platform operators name the workers' as prometheus_reader in the registry, and have Viz installed anew."
)


def call_for_topline(context: Context) -> None:
    """Have each active cluster's Prometheus asked that was not asked for a while, and forget what is old."""
    with context.database.unit_of_work() as session:
        now = database_now(session)
        recent = ToplineCluster.tried_at > now - context.config.topline_every
        tried = select(ToplineCluster.cluster).where(recent)
        for name in session.scalars(select(Cluster.name).where(Cluster.active, Cluster.name.not_in(tried))).all():
            outbox.send_once(session, outbox.Call("meshdesk.topline", name, outbox.look_queue(name)), now=now)
        forget(session, now)


def ask(context: Context, cluster: str) -> None:
    """Ask the cluster's Prometheus for what is not known yet; why it did not answer is written down as that."""
    turn = take(context, cluster)
    if turn is None:
        return
    source, began = None, time.monotonic()
    try:
        source = source_of(context, cluster)
        count = _read(context, turn, source)
        nothing = count == 0 and bool(turn.owners)
        problem = NOTHING_COUNTED.format(window=source.entry.window) if nothing else None
        seconds = round(time.monotonic() - began, 3)
        settle(context, turn, source=source.name, problem=problem, seen_at=turn.seen_at, seconds=seconds)
    except NobodyToAsk as error:
        settle(context, turn, source=error.source, problem=error.sentence)
    except Unanswered as error:
        log.warning("the figures of %s: %s", cluster, error.sentence)
        sentence = NOT_ADMITTED if isinstance(error, Denied) and source and source.name == VIZ else error.sentence
        settle(context, turn, source=source.name if source else None, problem=sentence)


def _read(context: Context, turn: Turn, source: Source) -> int:
    """Ask for all namespaces and write down what comes; gives how many workloads there were."""
    names, count = list(turn.owners), 0
    with Prometheus(source.entry, source.url) as server:
        for start in range(0, len(names), AT_ONCE):
            for found in _answers(server, turn, names[start : start + AT_ONCE], source.entry.window):
                with context.database.unit_of_work() as session:
                    write(session, turn.cluster, turn.owners, found, turn.last)
                count += len(found)
    return count


def _answers(server: Prometheus, turn: Turn, names: Sequence[str], window: int) -> Iterator[dict[Key, Figures]]:
    """The figures of some namespaces: all at once, or where that is too much, each half by itself."""
    if time.monotonic() > turn.give_up:
        raise Unanswered("It is too slow to answer for all namespaces; it is asked again by itself.")
    try:
        counted = server.over(requests_query(names, window), turn.first * 60, turn.last * 60)
        latencies = server.at(latency_query(names, window), turn.last * 60)
    except TooMuch:
        if len(names) == 1:
            raise
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            yield from _answers(server, turn, half, window)
        return
    yield figures_of(counted, latencies, names, window)
