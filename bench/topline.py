"""What it takes to ask a Prometheus for workloads' figures: the questions alone, and the worker's whole turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import yaml
from sqlalchemy import update

from bench.figures import Figure, timed
from portal.config import Config
from portal.db import Database
from portal.migrating import Migrations
from portal.models import Cluster, Namespace, Tenant, ToplineCluster, ToplineWorkload
from tests.prometheus import Server, program, running
from tests.samples import Traffic
from workers.cluster.prometheus_entry import PrometheusEntry
from workers.context import Context
from workers.topline.asking import AT_ONCE, ask
from workers.topline.prometheus import Prometheus
from workers.topline.questions import latency_query, requests_query

FEW, MANY, IN_EACH, TRIES = 100, 1_000, 20, 5
PROMISED = 60.0
CLUSTER = "bench"


def topline(folder: Path) -> Iterator[Figure]:
    """The same for few and for many workloads; nothing where the machine has no Prometheus, which is said."""
    if program() is None:
        print("figures of traffic are not measured: there is no Prometheus (apt-get install prometheus)")
        return
    few = _measured(folder / "few", FEW)
    many = _measured(folder / "many", MANY)
    for before, after in zip(few, many, strict=True):
        yield before
        yield after.against(before, f"the same of {FEW}") if "whole turn" not in after.what else after.within(PROMISED)


def _measured(folder: Path, count: int) -> list[Figure]:
    folder.mkdir()
    names = [f"n{number:03}" for number in range(count // IN_EACH)]
    world = [Traffic(name, "deployment", f"w{number:02}") for name in names for number in range(IN_EACH)]
    with running(folder, world) as server:
        questions = [timed(lambda: _put(server, names)) for _ in range(TRIES)]
        context = _context(folder, server, names)
        first, later = [], []
        for _ in range(TRIES):
            _forget(context, everything=True)
            first.append(timed(lambda: ask(context, CLUSTER)))
            _forget(context)
            later.append(timed(lambda: ask(context, CLUSTER)))
        context.database.dispose()
    return [
        Figure(f"figures of {count:,} workloads: the questions for one minute alone", questions),
        Figure(f"figures of {count:,} workloads: a worker's whole turn, one minute", later),
        Figure(f"figures of {count:,} workloads: a worker's whole turn, an hour", first),
    ]


def _put(server: Server, names: list[str]) -> None:
    minute = server.now // 60 * 60
    with Prometheus(PrometheusEntry(server.url), server.url) as door:
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            door.over(requests_query(some, 60), minute, minute)
            door.at(latency_query(some, 60), minute)


def _context(folder: Path, server: Server, names: list[str]) -> Context:
    url = f"sqlite:///{folder / 'topline.db'}"
    with Migrations(url) as migrations:
        migrations.upgrade()
    file = folder / "clusters.yaml"
    file.write_text(yaml.safe_dump({CLUSTER: {"in_cluster": True, "prometheus": {"url": server.url}}}))
    database = Database(url)
    with database.unit_of_work() as session:
        tenant = Tenant(name="all", title="All")
        session.add_all([tenant, Cluster(name=CLUSTER, environment="production")])
        session.flush()
        session.add_all(Namespace(cluster=CLUSTER, name=name, tenant_id=tenant.id) for name in names)
    return Context(Config(clusters_file=file), database, _unreached)


def _unreached(name: str) -> None:
    raise AssertionError(f"nobody needs cluster {name} for its figures")


def _forget(context: Context, *, everything: bool = False) -> None:
    """Let a minute pass, or all of it."""
    with context.database.unit_of_work() as session:
        if everything:
            session.query(ToplineWorkload).delete()
            session.execute(update(ToplineCluster).values(seen_at=None))
        else:
            session.get_one(ToplineCluster, CLUSTER).seen_at -= timedelta(minutes=1)
