"""Posture in `/metrics`: how workloads stand, which holes there are, how old and how sound the readings are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.orm import Session

from portal.queries import posture_figures as selects


def posture_metrics(session: Session, *, now: datetime) -> Iterator[Metric]:
    """Each metric, from one query or two that share it."""
    yield _workloads(session)
    yield _holes(session)
    yield from _readings(session, now)


def _workloads(session: Session) -> Metric:
    words = "Workloads by how far the mesh encrypts them: encrypted, partly, unmeshed."
    found = GaugeMetricFamily("meshdesk_posture_workloads", words, labels=["cluster", "standing"])
    for cluster, standing, count in selects.standings(session):
        found.add_metric([cluster, standing], count)
    return found


def _holes(session: Session) -> Metric:
    words = "Holes and leftovers; explained: live tickets explain them, or none is needed."
    found = GaugeMetricFamily("meshdesk_posture_holes", words, labels=["cluster", "code", "explained"])
    for cluster, code, count, unexplained in selects.holes(session):
        found.add_metric([cluster, code, "true"], count - unexplained)
        found.add_metric([cluster, code, "false"], unexplained)
    return found


def _readings(session: Session, now: datetime) -> Iterator[Metric]:
    names = ["cluster"]
    failing = GaugeMetricFamily("meshdesk_posture_failing", "1 when its last reading failed.", labels=names)
    ages = GaugeMetricFamily(
        "meshdesk_posture_age_seconds", "Seconds since it was read whole; absent: never.", labels=names
    )
    for glance in selects.glances(session):
        failing.add_metric([glance.cluster], glance.failing)
        if glance.seen_at is not None:
            ages.add_metric([glance.cluster], max(0.0, (now - glance.seen_at).total_seconds()))
    yield from (failing, ages)
