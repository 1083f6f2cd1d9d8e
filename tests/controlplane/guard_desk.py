"""A desk whose cluster is the control plane, with the guard on: workers have the rights of deploy/ and no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from portal.db import Database, database_now
from portal.errors import ClusterError
from portal.mesh.guard.names import NAMESPACE, PARAMETERS
from portal.mesh.guard.render import all_refs
from portal.mesh.workloads import WorkloadRef
from portal.models import Cluster, GuardState
from portal.tickets import guarding
from tests import world
from tests.contract.real_world import RBAC_FILE, as_user, grant_file
from tests.contract.worlds import namespace, settled, template, wait_until, workload
from tests.controlplane.client import manifests
from tests.controlplane.harness import ControlPlane
from tests.controlplane.rest import Answer, Rest
from tests.workers.desk import EMOJI, Desk
from workers.guard.task import guard
from workers.inventory import refresh

GUARD_FILE = RBAC_FILE.with_name("worker-guard-rbac.yaml")
WORKER = "meshdesk-guarding"
SKIP = "config.linkerd.io/skip-inbound-ports"


class GuardedDesk(Desk):
    """Namespace emojivoto on the control plane, with one Deployment; `rest` is its owner's kubectl."""

    def __init__(self, plane: ControlPlane, database: Database, folder: Path) -> None:
        super().__init__(database, folder)
        self.plane, self.rest = plane, Rest(plane.admin_kubeconfig)
        grant_file(plane, WORKER)
        for manifest in manifests(GUARD_FILE):
            if manifest["kind"] == "Namespace":
                plane.client.apply(manifest)
        grant_file(plane, WORKER, path=GUARD_FILE)
        self.real = as_user(plane, WORKER)
        self.context = self.worker(self.real)
        plane.client.apply(namespace("emojivoto"))
        wait_until(lambda: plane.client.list("ServiceAccount", "emojivoto"))
        plane.client.apply(workload("Deployment", EMOJI, template("emoji"), replicas=1))
        wait_until(self._may_read)
        settled(self.real, EMOJI)
        with database.unit_of_work() as session:
            world.build(session)
            session.flush()
            row = session.get_one(Cluster, "practice")
            row.guard, row.guard_ask_at = "deny", "https://meshdesk.example.com/new"
        refresh(self.context, "practice")
        wait_until(lambda: self.look_at_guard().problem is None)

    def _may_read(self) -> bool:
        """Whether the rights count already."""
        try:
            return bool(self.real.workload(EMOJI) and self.real.mesh())
        except ClusterError:
            return False

    def object(self, ref: WorkloadRef = EMOJI) -> Any:
        """The workload as the control plane holds it."""
        return self.real.workload(ref)

    def put_into_force(self) -> GuardState:
        """An operator's word, and what the task does; returns once it denies."""
        with self.acting("operator") as (session, operator):
            guarding.ask(session, "practice", by=operator, now=database_now(session))
        self.deliver("meshdesk.guard")
        wait_until(lambda: not self.skip("1", dry=True).ok)
        return self.state_of_guard()

    def state_of_guard(self) -> GuardState:
        """What the pages show of it."""
        with self.database.reading() as session:
            return session.get_one(GuardState, "practice")

    def look_at_guard(self) -> GuardState:
        """What the task does, each minute."""
        guard(self.context, "practice")
        return self.state_of_guard()

    def skip(self, ports: str | None, *, dry: bool = False) -> Answer:
        """The owner's own patch of the skipped ports."""
        obj = {"kind": "Deployment", "metadata": {"name": EMOJI.name, "namespace": EMOJI.namespace}}
        body = {"spec": {"template": {"metadata": {"annotations": {SKIP: ports}}}}}
        return self.rest.patch(obj, body, **({"dryRun": "All"} if dry else {}))

    def lines(self) -> str:
        """What the cluster lets pass in emojivoto."""
        found = self.plane.client.get("ConfigMap", PARAMETERS, NAMESPACE).get("data") or {}
        return str(found.get("emojivoto", ""))

    def carry(self, step: Callable[[int], None], number: int, state: str) -> None:
        """Have a ticket's task run until it is in that state."""

        def reached() -> bool:
            step(number)
            return self.state(number) == state

        wait_until(reached, seconds=40)

    def remove(self) -> None:
        """Everything of it on the control plane."""
        for ref in all_refs():
            self.plane.client.delete(ref.kind, ref.name)
        self.plane.client.delete("ConfigMap", PARAMETERS, NAMESPACE)
        self.plane.client.delete("Namespace", "emojivoto")
        self.real.close()
