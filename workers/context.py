"""What every task works with: settings, database and the door to the clusters, made once a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from portal import outbox
from portal.config import Config
from portal.db import Database
from portal.mesh.workloads import WorkloadRef
from portal.tickets.expectation import Surroundings
from workers.cluster import connect
from workers.cluster.protocol import Cluster


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
    return Context(config, database, lambda name: connect(name, config))


def surroundings(cluster: Cluster, namespace: str) -> Surroundings:
    """The namespace and mesh around a workload, read now; raises what the cluster raises."""
    # {} says that the cluster has no injector: None would stand for the one that Linkerd comes with.
    return Surroundings(cluster.namespace(namespace), cluster.mesh(), cluster.injector_webhook() or {})
