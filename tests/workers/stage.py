"""The desk as it is before anything is asked, made once a run and copied for every test: making it costs 0.1 s."""

from __future__ import annotations

import shutil
from pathlib import Path

from portal.db import Database, database_now
from portal.models import PostureCluster, ToplineCluster
from tests import world
from tests.certificates import all_read
from tests.rows import Rows
from tests.workers.desk import FILE, Desk
from workers.cluster.practice_world import seed
from workers.inventory import refresh


class Stage:
    """A practice cluster's file, and the rows of the registry and of its inventory."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._file = folder / FILE
        seed(self._file, "practice")
        desk = Desk(database, folder)
        desk.practice.set("roll_seconds_per_pod", 0)
        desk.practice.set("terminate_seconds", 0)
        with database.unit_of_work() as session:
            world.build(session)
            # As if posture and figures were known: sweeps call for nothing that a test did not mean.
            now = database_now(session)
            session.add_all(PostureCluster(cluster=name, tried_at=now, facts={}) for name in world.CLUSTERS)
            all_read(session)
            session.add_all(ToplineCluster(cluster=name, tried_at=now) for name in world.CLUSTERS)
        refresh(desk.context, "practice")
        self._rows = Rows(database)

    def set(self, database: Database, folder: Path) -> Desk:
        """A desk in an empty database and folder."""
        shutil.copy(self._file, folder)
        self._rows.put(database)
        return Desk(database, folder)
