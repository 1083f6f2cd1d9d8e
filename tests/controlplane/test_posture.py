"""Posture on a real control plane: each weakening is applied for real, found with who made it, mended and gone.

Meshdesk reads with the rights of deploy/worker-rbac.yaml and no others.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.config import Config
from portal.db import Database
from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.models import Cluster, PostureCluster, PostureHole, PostureWorkload
from tests.contract.real_world import WORKER, as_user, grant_file
from tests.controlplane.client import wait_for
from tests.controlplane.harness import ControlPlane
from tests.controlplane.world import World, wait_until_running
from workers.context import Context
from workers.posture import read_posture

pytestmark = pytest.mark.control_plane
CONFIG = "config.linkerd.io/"
GITOPS = "argocd-controller"
# What makes the hole of each Deployment `weak-N`: annotations and labels of its template, its pods' spec.
ANNOTATED = {
    "skip-inbound": {SKIP_INBOUND: "8080"},
    "skip-outbound": {SKIP_OUTBOUND: "443"},
    "skip-subnets": {f"{CONFIG}skip-subnets": "10.0.0.0/8"},
    "proxy-user": {f"{CONFIG}proxy-uid": "1000"},
    "proxy-environment": {f"{CONFIG}proxy-additional-env": "- name: A"},
    "proxy-image": {f"{CONFIG}proxy-version": "edge-25.1.1"},
    "proxy-ports": {f"{CONFIG}inbound-port": "4999"},
    "unmeshed": {INJECT: "Enabled"},
    "debug-container": {f"{CONFIG}enable-debug-sidecar": "true"},
}
LABELLED = {"webhook-off": {"linkerd.io/cni-resource": "true"}}
SPECIFIED: dict[str, dict[str, Any]] = {
    "host-network": {"hostNetwork": True},
    "decoy": {"initContainers": [{"name": "istio-init", "image": "busybox"}]},
}
CODES = (*ANNOTATED, *LABELLED, *SPECIFIED)


class Room:
    """emojivoto on the control plane, a database, and a worker that reads."""

    def __init__(self, world: World, database: Database) -> None:
        self.world, self.client, self.database = world, world.plane.client, database
        grant_file(world.plane, WORKER)
        self.cluster = as_user(world.plane, WORKER)
        self._context = Context(Config(), database, lambda _: self.cluster)
        with database.unit_of_work() as session:
            session.add(Cluster(name="real", environment="production"))
        wait_for(self._may_look, "the worker's rights count")

    def _may_look(self) -> bool:
        self.read()
        with self.database.reading() as session:
            return session.get_one(PostureCluster, "real").problem is None

    def read(self) -> None:
        read_posture(self._context, "real")

    def holes(self) -> dict[tuple[str, str], PostureHole]:
        """What stands in emojivoto, by name and code."""
        with self.database.reading() as session:
            query = select(PostureHole).where(
                PostureHole.namespace == self.world.emojivoto, PostureHole.gone_at.is_(None)
            )
            return {(hole.name, hole.code): hole for hole in session.scalars(query)}

    def workloads(self) -> dict[str, PostureWorkload]:
        with self.database.reading() as session:
            query = select(PostureWorkload).where(PostureWorkload.namespace == self.world.emojivoto)
            return {row.name: row for row in session.scalars(query)}

    def settle(self) -> None:
        """Every rollout is over, and no old pod is left."""
        wait_until_running(self.client, self.world.emojivoto)
        wait_for(self._none_ends, "old pods gone")

    def _none_ends(self) -> bool:
        pods = self.client.list("Pod", self.world.emojivoto)
        return not any(pod["metadata"].get("deletionTimestamp") for pod in pods)


@pytest.fixture
def room(world: World, control_plane: ControlPlane, migrated_sqlite: Path, tmp_path: Path) -> Iterator[Room]:
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    made = Room(world, database)
    yield made
    made.cluster.close()
    database.dispose()


def deployment(namespace: str, code: str, *, weak: bool) -> dict[str, Any]:
    labels = {"app": f"weak-{code}"}
    marked = {**labels, **(LABELLED.get(code, {}) if weak else {})}
    metadata = {"labels": marked, "annotations": ANNOTATED.get(code, {}) if weak else {}}
    containers = [{"name": "app", "image": "app:1", "ports": [{"containerPort": 8080}]}]
    template = {"metadata": metadata, "spec": {"containers": containers, **(SPECIFIED.get(code, {}) if weak else {})}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    made = {"name": f"weak-{code}", "namespace": namespace}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": made, "spec": spec}


def test_each_weakening_is_found_with_its_maker_and_gone_when_it_is_mended(room: Room) -> None:
    before = set(room.holes())
    for code in CODES:
        room.client.apply(deployment(room.world.emojivoto, code, weak=True), manager=GITOPS)
    room.settle()
    room.read()
    found = {key: hole for key, hole in room.holes().items() if key not in before}
    assert set(found) == {(f"weak-{code}", code) for code in CODES}
    assert {hole.made_by for hole in found.values()} == {f"{GITOPS} (Apply)"}
    assert all(hole.made_at and hole.unexplained_since for hole in found.values())
    assert all((hole.detail["pods"], hole.detail["of"]) == (1, 1) for hole in found.values())
    standing = {name: row.standing for name, row in room.workloads().items()}
    assert standing["weak-skip-inbound"] == "partly"
    assert {standing[f"weak-{code}"] for code in ("unmeshed", "host-network", "decoy", "webhook-off")} == {"unmeshed"}
    for code in CODES:
        room.client.apply(deployment(room.world.emojivoto, code, weak=False), manager=GITOPS)
    room.settle()
    room.read()
    assert set(room.holes()) == before
    assert {room.workloads()[f"weak-{code}"].standing for code in CODES} == {"encrypted"}


def test_what_the_namespace_weakens_is_told_on_it_and_pods_run_as_before(room: Room) -> None:
    name = room.world.emojivoto
    list_ = {"metadata": {"annotations": {SKIP_INBOUND: "9000"}}}
    room.client.patch("Namespace", name, None, list_)
    room.read()
    # Pods run on as they were made; the CronJob has none, and its next ones would take it.
    assert room.holes()[name, "skip-inbound"].detail["named"] == ["cronjob/nightly-report"]
    again = {"spec": {"template": {"metadata": {"annotations": {"example/restarted": "1"}}}}}
    room.client.patch("Deployment", "emoji", name, again)
    room.settle()
    room.read()
    hole = room.holes()[name, "skip-inbound"]
    assert (hole.kind, hole.detail["ports"], hole.made_by) == ("namespace", "9000", "kubectl (Update)")
    assert hole.detail["named"] == ["cronjob/nightly-report", "deployment/emoji"]
    room.client.patch("Namespace", name, None, {"metadata": {"annotations": {SKIP_INBOUND: None}}})
    room.read()
    assert (name, "skip-inbound") not in room.holes()
    assert room.holes()["emoji", "skip-inbound"].detail["before"] is True


def test_another_trust_root_makes_all_pods_stale(room: Room) -> None:
    roots = room.client.get("ConfigMap", "linkerd-identity-trust-roots", "linkerd")["data"]["ca-bundle.crt"]
    room.read()
    assert not [code for _, code in room.holes() if code == "stale-trust-root"]
    change = {"data": {"ca-bundle.crt": roots + "\n"}}
    room.client.patch("ConfigMap", "linkerd-identity-trust-roots", "linkerd", change)
    try:
        room.read()
        stale = {name for name, code in room.holes() if code == "stale-trust-root"}
    finally:
        room.client.patch("ConfigMap", "linkerd-identity-trust-roots", "linkerd", {"data": {"ca-bundle.crt": roots}})
    assert {"emoji", "voting", "web"} <= stale
    room.read()
    assert not [code for _, code in room.holes() if code == "stale-trust-root"]
