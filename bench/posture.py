"""How reading a cluster's posture grows with its pods: time, and the most memory beside what was there before."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from bench.figures import Figure, timed
from bench.pods import served
from portal.config import Config
from portal.db import Database
from portal.migrating import Migrations
from portal.models import Cluster, PostureCluster, PostureWorkload
from workers.cluster.kubernetes import KubernetesCluster
from workers.context import Context
from workers.posture import read_posture

# Namespaces, and pods in each: first more namespaces of the same size, then one that fills 4 pages, and 40.
CLUSTERS = ((1, 100), (10, 100), (100, 100))
PAGES = ((1, 1_000), (1, 10_000))


def posture(folder: Path) -> Iterator[Figure]:
    """A line for each shape of cluster, its memory set beside that of the smallest of its row."""
    for shapes in (CLUSTERS, PAGES):
        least = 0.0
        for namespaces, pods in shapes:
            seconds, peak = _measured(folder, namespaces, pods)
            least = least or peak
            where = f"in {namespaces} namespace{'s' if namespaces > 1 else ''}"
            what = f"posture: {namespaces * pods:,} pods {where}, peak {peak:.1f} MB"
            yield Figure(what, [seconds], f"memory for {shapes[0][1]:,} pods", peak / least)


def _measured(folder: Path, namespaces: int, pods: int) -> tuple[float, float]:
    context = _context(folder, namespaces, pods)
    with served(namespaces, pods, folder) as kubeconfig:
        worker = _reaching(context, kubeconfig)
        seconds = timed(lambda: read_posture(worker, "bench"))
        peak = _peak(worker)
    _check(context.database, namespaces)
    context.database.dispose()
    return seconds, peak


def _context(folder: Path, namespaces: int, pods: int) -> Context:
    url = f"sqlite:///{folder / f'{namespaces}-{pods}.db'}"
    with Migrations(url) as migrations:
        migrations.upgrade()
    database = Database(url)
    with database.unit_of_work() as session:
        session.add(Cluster(name="bench", environment="sandbox"))
    return Context(Config(var=folder, database_url=url), database, _nowhere)


def _nowhere(name: str) -> KubernetesCluster:
    raise LookupError(name)


def _reaching(context: Context, kubeconfig: Path) -> Context:
    cluster = KubernetesCluster("bench", kubeconfig=kubeconfig, context=None, timeout=5.0)
    return Context(context.config, context.database, lambda _: cluster)


def _peak(worker: Context) -> float:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        read_posture(worker, "bench")
        return (tracemalloc.get_traced_memory()[1] - before) / 1e6
    finally:
        tracemalloc.stop()


def _check(database: Database, namespaces: int) -> None:
    with database.reading() as session:
        row = session.get_one(PostureCluster, "bench")
        found = session.scalar(select(func.count()).select_from(PostureWorkload))
    # Figures of a reading that failed, or that found nothing, would be none.
    assert row.problem is None, row.problem  # noqa: S101
    assert found == namespaces * 20, found  # noqa: S101
