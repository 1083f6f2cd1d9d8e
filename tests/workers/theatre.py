"""Where random schedules play: a small practice cluster and an empty desk, made once and copied for every schedule.

One pod a workload and one door to the database, since a run plays hundreds of schedules: a copy costs 5 ms.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal.db import Database
from portal.mesh.annotations import NATIVE_SIDECAR
from portal.mesh.workloads import WorkloadRef
from portal.models import Namespace, Tenant
from tests import world
from tests.certificates import all_read
from tests.workers.desk import FILE, Desk
from tests.workers.egress import own_policy
from tests.workers.viz import small, viz_bundle
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_linkerd import linkerd_objects
from workers.cluster.practice_world import cron_job, namespace, template, workload
from workers.cluster.protocol import Object
from workers.inventory import refresh

INJECT = {"linkerd.io/inject": "enabled"}
SKIPPED_IN_BOOKS = "3306"
EMOJI = WorkloadRef("deployment", "emojivoto", "emoji")
LEDGER = WorkloadRef("statefulset", "emojivoto", "ledger")
REPORT = WorkloadRef("cronjob", "emojivoto", "report")
CATALOGUE = WorkloadRef("deployment", "books", "catalogue")
WORKLOADS = (EMOJI, LEDGER, REPORT, CATALOGUE)
NAMESPACES = ("emojivoto", "books")
# What controllers make, count and write by themselves.
MADE = ("pod", "replicaset", "controllerrevision", "job", "event")
Shown = dict[tuple[str, str, str], Object]
REVISION = "deployment.kubernetes.io/revision"


class Theatre:
    """The empty desk and its cluster, as files to copy."""

    def __init__(self, migrated: Path, folder: Path) -> None:
        self._folder, self._scenery = folder, folder / "scenery"
        self._scenery.mkdir()
        self._file = folder / "meshdesk.db"
        shutil.copy(migrated, self._file)
        self.database = Database(f"sqlite:///{self._file}")
        desk = Desk(self.database, self._scenery)
        _furnish(desk.practice)
        with self.database.unit_of_work() as session:
            world.build(session)
            session.flush()
            owner = session.scalars(select(Tenant).where(Tenant.name == "emojis")).one()
            session.add(Namespace(cluster="practice", name="books", tenant_id=owner.id))
            session.add(viz_bundle(small()))
            all_read(session)
        refresh(desk.context, "practice")
        self.database.engine.dispose()
        shutil.copy(self._file, self._scenery)
        self._open: sqlite3.Connection | None = None

    def set(self) -> Desk:
        """A desk with nothing asked yet; the one before must not be used any more."""
        self.close()
        for name, home in ((self._file.name, self._file), (FILE, self._folder / FILE)):
            for part in ("-wal", "-shm"):
                home.with_name(home.name + part).unlink(missing_ok=True)
            shutil.copy(self._scenery / name, home)
        # While somebody has it open, SQLite does not tidy the file up after each of the cluster's calls.
        self._open = sqlite3.connect(self._folder / FILE)
        self._open.execute("SELECT count(*) FROM object").fetchone()
        return Desk(self.database, self._folder)

    def close(self) -> None:
        """Let go of the files."""
        self.database.dispose()
        if self._open is not None:
            self._open.close()

    def shown(self) -> Shown:
        """What owners wrote of every object in the cluster, by kind, namespace and name; no pods."""
        with closing(sqlite3.connect(self._folder / FILE)) as connection:
            rows = connection.execute("SELECT kind, namespace, name, body FROM object").fetchall()
        return {(kind, where, name): _written(json.loads(body)) for kind, where, name, body in rows if kind not in MADE}


def _furnish(practice: PracticeCluster) -> None:
    practice.set("roll_seconds_per_pod", 0)
    practice.set("terminate_seconds", 0)
    emojivoto = [
        namespace("emojivoto", INJECT),
        workload("Deployment", "emojivoto", template("emoji", (8080, 8801)), replicas=1),
        workload("StatefulSet", "emojivoto", template("ledger", (5432, 9187)), replicas=1),
        _with_an_ordinary_proxy(cron_job("emojivoto", "report", "0 2 * * *")),
    ]
    skipped = {"config.linkerd.io/skip-inbound-ports": SKIPPED_IN_BOOKS}
    books = [
        namespace("books", {**INJECT, **skipped}),
        workload("Deployment", "books", template("catalogue", (8080, 3306)), replicas=1),
        own_policy(namespace="books"),
    ]
    for obj in [*linkerd_objects(), *emojivoto, *books]:
        practice.create(obj)


def _with_an_ordinary_proxy(obj: Object) -> Object:
    """The CronJob, whose pods the proxy would keep from ending."""
    obj["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["annotations"] = {NATIVE_SIDECAR: "false"}
    return obj


def _written(obj: Object) -> dict[str, Any]:
    """The object without what an API server and controllers keep in it; our mark stays to be seen."""
    metadata, spec = obj["metadata"], obj.get("spec")
    annotations = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != REVISION}
    return {"annotations": annotations, "labels": metadata.get("labels") or {}, "spec": spec, "data": obj.get("data")}


def annotations_of(shown: Object) -> dict[str, str]:
    """The template's annotations of a workload as `Theatre.shown` gives it, taken out of it."""
    spec = shown["spec"].get("jobTemplate", {}).get("spec") or shown["spec"]
    found: dict[str, str] = spec["template"]["metadata"].pop("annotations", None) or {}
    return found
