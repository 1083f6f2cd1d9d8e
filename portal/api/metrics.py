"""`/metrics` for Prometheus: worked out of the database at each scrape, so every web process tells the same.

Nothing is counted in a process. A histogram of how late undos were would need such a count (or a walk through all
tickets that ever closed); the age of the oldest that is still late says what an alarm must know.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, Response, request
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy.orm import Session

from portal import http
from portal.api.context import parts
from portal.api.posture_metrics import posture_metrics
from portal.db import database_now
from portal.errors import Forbidden, SignInNeeded
from portal.queries import certificates, notices
from portal.queries import metrics as selects

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Tell the state of all work, without the name of a tenant; who may read it, MESHDESK_METRICS_TOKEN says."""
    _may_read(parts().config.metrics_token)
    registry = CollectorRegistry()
    with parts().database.reading() as session:
        registry.register(_Found(session, database_now(session)))
        response = Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
    response.headers["Cache-Control"] = "no-store"
    return response


def _may_read(token: str) -> None:
    if token:
        given = request.authorization
        found = given.token if given is not None and given.type == "bearer" else None
        if not hmac.compare_digest((found or "").encode(), token.encode()):
            raise SignInNeeded("Send the token of MESHDESK_METRICS_TOKEN in the header `Authorization: Bearer …`.")
    elif not http.from_this_machine():
        raise Forbidden("Without MESHDESK_METRICS_TOKEN only this machine may read the metrics: set one.")


class _Found(Collector):
    """The metrics of one scrape."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the registry would ask the database once more to know the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each metric, from one query or two that share it."""
        yield self._tickets()
        yield self._unproven()
        yield from self._lateness()
        yield self._queues()
        yield from self._clusters()
        yield self._certificates()
        yield from self._deliveries()
        yield from posture_metrics(self._session, now=self._now)

    def _tickets(self) -> Metric:
        found = GaugeMetricFamily("meshdesk_tickets", "Tickets by state and kind.", labels=["state", "kind"])
        for state, kind, count in selects.ticket_counts(self._session):
            found.add_metric([state.value, kind], count)
        return found

    def _unproven(self) -> Metric:
        words = "Tickets closed because their cluster is gone for good, unproven."
        found = GaugeMetricFamily("meshdesk_tickets_unproven", words, labels=["cluster"])
        for cluster, count in selects.unproven(self._session):
            found.add_metric([cluster], count)
        return found

    def _lateness(self) -> Iterator[Metric]:
        names = ["phase"]
        many = GaugeMetricFamily(
            "meshdesk_windows_past_end",
            "Windows that are live after their end (live), or ended more than 10 s ago and not proven gone (undo).",
            labels=names,
        )
        ages = GaugeMetricFamily(
            "meshdesk_windows_past_end_oldest_seconds", "Seconds since the end of the oldest of them.", labels=names
        )
        late = {"live": selects.overdue, "undo": selects.unfinished_undos}
        for phase, look in late.items():
            found = look(self._session, now=self._now)
            many.add_metric([phase], found.count)
            ages.add_metric([phase], self._since(found.oldest))
        yield from (many, ages)

    def _queues(self) -> Metric:
        found = GaugeMetricFamily(
            "meshdesk_queue_oldest_seconds", "Seconds that the oldest due message was not taken.", labels=["queue"]
        )
        for queue, due in selects.oldest_messages(self._session, now=self._now):
            found.add_metric([queue], self._since(due))
        return found

    def _clusters(self) -> Iterator[Metric]:
        names = ["cluster"]
        failing = GaugeMetricFamily("meshdesk_cluster_failing", "1 when the last look at it failed.", labels=names)
        paused = GaugeMetricFamily("meshdesk_cluster_paused", "1 when nothing new is begun on it.", labels=names)
        ages = GaugeMetricFamily(
            "meshdesk_inventory_age_seconds", "Seconds since it was read whole; absent: never.", labels=names
        )
        for cluster in selects.cluster_sights(self._session):
            failing.add_metric([cluster.name], cluster.failing)
            paused.add_metric([cluster.name], cluster.paused)
            if cluster.seen_at is not None:
                ages.add_metric([cluster.name], self._since(cluster.seen_at))
        yield from (failing, paused, ages)

    def _certificates(self) -> Metric:
        found = GaugeMetricFamily(
            "meshdesk_certificate_expiry_timestamp_seconds",
            "When a certificate of a cluster's mesh ends, as a Unix time; absent: not known.",
            labels=["cluster", "role", "subject", "fingerprint", "source"],
        )
        for one in certificates.known_ends(self._session):
            ends = one.not_after.timestamp() if one.not_after else 0
            found.add_metric([one.cluster, one.role, one.subject or "", one.fingerprint[:16], one.source], ends)
        return found

    def _deliveries(self) -> Iterator[Metric]:
        found = notices.backlog(self._session, now=self._now)
        waiting = GaugeMetricFamily("meshdesk_deliveries_waiting", "Notices on their way that did not arrive yet.")
        waiting.add_metric([], found.waiting)
        age = GaugeMetricFamily("meshdesk_deliveries_oldest_seconds", "Seconds since the oldest of them was noted.")
        age.add_metric([], self._since(found.oldest))
        given_up = GaugeMetricFamily("meshdesk_deliveries_given_up", "Notices given up after days of trying.")
        given_up.add_metric([], found.given_up)
        yield from (waiting, age, given_up)

    def _since(self, at: datetime | None) -> float:
        return 0.0 if at is None else max(0.0, (self._now - at).total_seconds())
