"""What every task works with: settings, database and the door to the clusters, made once a process."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from portal import outbox
from portal.config import Config
from portal.db import Database
from portal.errors import ConfigurationError, Gone, Refused, Transient
from portal.mesh.workloads import WorkloadRef
from portal.tickets.expectation import Surroundings
from workers.cluster import connect
from workers.cluster.protocol import Cluster

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Context:
    """Settings, database and clusters of one worker process."""

    config: Config
    database: Database
    connect: Callable[[str], Cluster]


@dataclass(frozen=True)
class Spot:
    """One target as workers pass it on: its row's id and where it is."""

    target_id: int
    cluster: str
    ref: WorkloadRef


@cache
def process_context() -> Context:
    """The context of this process, from its environment."""
    config = Config.from_env()
    database = Database(config.database)
    outbox.install(database, config.redis_url)
    return Context(config, database, partial(_reach, config))


def _reach(config: Config, name: str) -> Cluster:
    try:
        return connect(name, config)
    except ConfigurationError as error:
        # The tenant can do nothing about it and needs no paths; the operators need both.
        log.exception("cluster %s cannot be reached as it is configured", name)
        raise Transient(
            f"Meshdesk's workers have no working access to cluster {name}: your platform operators must mend that. "
            "This is tried again by itself."
        ) from error


def surroundings(cluster: Cluster, namespace: str) -> Surroundings:
    """The namespace and mesh around a workload, read now; raises what the cluster raises.

    Where Linkerd is not there it is Refused: Gone would say that the workload is not.
    """
    inside = cluster.namespace(namespace)
    try:
        defaults = cluster.mesh()
    except Gone as error:
        raise Refused(
            f"Linkerd's configuration was not found on cluster {cluster.name}: your platform operators must look."
        ) from error
    # {} says that the cluster has no injector: None would stand for the one that Linkerd comes with.
    return Surroundings(inside, defaults, cluster.injector_webhook() or {})
