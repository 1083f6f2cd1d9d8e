"""Whom a worker asks for a cluster's figures: the platform's Prometheus, else Viz's while tickets have Viz there."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal import queries
from portal.errors import ConfigurationError
from portal.mesh.viz.views import VIZ_REF
from workers.cluster.access import access_of
from workers.cluster.prometheus_entry import PrometheusEntry
from workers.context import Context
from workers.topline.refusals import NobodyToAsk
from workers.viz.memory import Memory

log = logging.getLogger(__name__)

PLATFORM, VIZ = "platform", "viz"


@dataclass(frozen=True)
class Source:
    """One to ask: its name, what the clusters file says of it, and its address."""

    name: str
    entry: PrometheusEntry
    url: str


def source_of(context: Context, cluster: str) -> Source:
    """Whom to ask now; raises NobodyToAsk with what to do where there is nobody."""
    try:
        access = access_of(cluster, context.config)
    except ConfigurationError as error:
        log.debug("no Prometheus of %s can be asked: %s", cluster, error.sentence)
        raise NobodyToAsk(_NOBODY) from error
    if access.prometheus is not None:
        return Source(PLATFORM, access.prometheus, access.prometheus.url)
    if access.viz_prometheus is None:
        raise NobodyToAsk(_NOBODY)
    with context.database.reading() as session:
        namespace = _viz_is_up(session, cluster)
    if namespace is None:
        raise NobodyToAsk("Figures come from Viz here, and Viz is not open now: ask for it to see them.", VIZ)
    return Source(VIZ, access.viz_prometheus, access.viz_prometheus.url or f"http://prometheus.{namespace}.svc:9090")


_NOBODY = (
    "Meshdesk's workers have no Prometheus to ask for this cluster: your platform operators name one in the workers' "
    "clusters file."
)


def _viz_is_up(session: Session, cluster: str) -> str | None:
    """The namespace of the tickets' Viz; None where it is not whole, or is being taken away."""
    target = queries.targets_of(session, cluster, VIZ_REF.namespace).get((VIZ_REF.kind, VIZ_REF.name))
    memory = Memory.from_json(target.memory) if target is not None else Memory()
    up = memory.bundle is not None and memory.up_at is not None and not memory.removing
    return memory.pinned.namespace if up else None
