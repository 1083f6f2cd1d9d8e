"""For tests of the figures of traffic: the world, a worker, and a clusters file of the test's own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from portal.config import Config
from portal.db import Database, database_now
from portal.models import ToplineCluster, ToplineWorkload
from tests import world
from workers.context import Context
from workers.topline.asking import ask

CLUSTER = "practice"
Key = tuple[str, str, str]


class Seat:
    """A worker that asks for one cluster's figures."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.file = folder / "clusters.yaml"
        with database.unit_of_work() as session:
            world.build(session)
        self.context = Context(Config(clusters_file=self.file), database, self._unreached)

    @staticmethod
    def _unreached(name: str) -> Any:
        raise AssertionError(f"nobody needs cluster {name} for its figures")

    def write(self, **entry: Any) -> None:
        """What the clusters file says of the cluster."""
        self.file.write_text(yaml.safe_dump({CLUSTER: {"practice": "practice.db", **entry}}))

    def ask(self) -> None:
        """Ask now, however recently that was."""
        with self.database.unit_of_work() as session:
            row = session.get(ToplineCluster, CLUSTER)
            if row is not None and row.seen_at is not None:
                row.seen_at -= timedelta(minutes=1)
        ask(self.context, CLUSTER)

    def age(self, **by: float) -> None:
        """Let everything be so much older."""
        with self.database.unit_of_work() as session:
            for row in [*session.scalars(select(ToplineCluster)), *session.scalars(select(ToplineWorkload))]:
                if row.seen_at is not None:
                    row.seen_at -= timedelta(**by)

    def cluster(self) -> ToplineCluster:
        """What is known of the cluster."""
        with self.database.reading() as session:
            return session.get_one(ToplineCluster, CLUSTER)

    def problem(self) -> str:
        """Why there are no figures."""
        return self.cluster().problem or ""

    def rows(self) -> dict[Key, ToplineWorkload]:
        """The workloads by namespace, kind and name."""
        with self.database.reading() as session:
            return {(row.namespace, row.kind, row.name): row for row in session.scalars(select(ToplineWorkload))}
