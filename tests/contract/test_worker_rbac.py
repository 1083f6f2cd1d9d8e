"""deploy/worker-rbac.yaml on a real control plane: nothing more is granted than the cluster protocol uses. That it is
enough, every test in test_cluster.py shows: Meshdesk runs there with these rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from portal.errors import Refused
from portal.mesh.workloads import WorkloadRef
from tests.contract.real_world import RBAC_FILE, RealWorld, as_user, for_user
from tests.contract.worlds import bare_pod, cron_job, job, template, wait_until, workload
from tests.controlplane.client import manifests
from tests.controlplane.harness import ControlPlane
from workers.cluster.protocol import Cluster

pytestmark = pytest.mark.control_plane
USER = "meshdesk-with-one-right-less"
Right = tuple[str, str, str]


def rules() -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(kind of the role, position, rule) of every rule in the file."""
    for manifest in manifests(RBAC_FILE):
        for position, rule in enumerate(manifest.get("rules", [])):
            yield manifest["kind"], position, rule


def rights() -> list[Right]:
    """Every (kind of the role, resource, verb) that the file grants."""
    return [(role, res, verb) for role, _, rule in rules() for res in rule["resources"] for verb in rule["verbs"]]


def test_the_rights_are_those_that_are_meant() -> None:
    granted = rights()
    assert len(granted) == len(set(granted))
    writes = {(resource, verb) for _, resource, verb in granted if verb not in ("get", "list")}
    assert writes == {(f"{kind}s", "patch") for kind in ("deployment", "statefulset", "daemonset", "cronjob")}
    assert not any("*" in part for _, _, rule in rules() for field in rule.values() for part in field)
    named = {resource: rule.get("resourceNames") for _, _, rule in rules() for resource in rule["resources"]}
    assert named["configmaps"] == ["linkerd-config"]
    assert named["mutatingwebhookconfigurations"] == ["linkerd-proxy-injector-webhook-config"]


@pytest.fixture(scope="module")
def filled(control_plane: ControlPlane) -> Iterator[RealWorld]:
    """A namespace with one workload of every kind."""
    world = RealWorld(control_plane, "worker-rbac")
    for kind, name in (("Deployment", "a"), ("StatefulSet", "b"), ("DaemonSet", "c"), ("ReplicaSet", "d")):
        world.create(workload(kind, WorkloadRef(kind.lower(), world.namespace, name), template(name)))
    for kind, make in (("cronjob", cron_job), ("job", job), ("pod", bare_pod)):
        world.create(make(WorkloadRef(kind, world.namespace, f"bare-{kind}")))
    yield world
    world.remove()


@pytest.mark.parametrize("right", rights(), ids=lambda right: f"{right[1]}-{right[2]}")
def test_each_right_is_needed(filled: RealWorld, control_plane: ControlPlane, right: Right) -> None:
    less = as_user(control_plane, USER)
    grant_without(control_plane, None)
    wait_until(lambda: refusals(less, filled) == [])
    grant_without(control_plane, right)
    found = wait_until(lambda: refusals(less, filled))
    less.close()
    _, resource, verb = right
    assert any(f"the right to {verb} it" in sentence for sentence in found), (resource, found)


def grant_without(plane: ControlPlane, right: Right | None) -> None:
    """The roles of the file for USER, one right left out."""
    for original in manifests(RBAC_FILE):
        manifest = for_user(original, USER)
        if manifest["kind"] == "ServiceAccount":
            continue
        if "rules" in manifest:
            manifest["rules"] = [part for rule in manifest["rules"] for part in split(rule, manifest["kind"], right)]
        plane.client.apply(manifest)


def split(rule: dict[str, Any], role: str, right: Right | None) -> list[dict[str, Any]]:
    """The rule as one rule for each resource, without the right."""
    found = []
    for resource in rule["resources"]:
        verbs = [verb for verb in rule["verbs"] if (role, resource, verb) != right]
        if verbs:
            found.append({**rule, "resources": [resource], "verbs": verbs})
    return found


def refusals(cluster: Cluster, world: RealWorld) -> list[str]:
    """The sentences of what is refused when everything is used that the protocol offers."""
    found = []
    for call in everything(cluster, world.namespace):
        try:
            call()
        except Refused as error:
            found.append(error.sentence)
    return found


def everything(cluster: Cluster, namespace: str) -> Iterator[Callable[[], object]]:
    """Each call of the protocol, on each kind."""
    yield cluster.mesh
    yield cluster.injector_webhook
    yield lambda: list(cluster.namespaces())
    yield lambda: cluster.namespace(namespace)
    yield lambda: cluster.disruption_budgets(namespace)
    named = {"deployment": "a", "statefulset": "b", "daemonset": "c", "replicaset": "d"}
    named |= {kind: f"bare-{kind}" for kind in ("cronjob", "job", "pod")}
    for kind, name in named.items():
        ref = WorkloadRef(kind, namespace, name)
        yield partial(cluster.workload, ref)
        if kind in ("deployment", "statefulset", "daemonset", "cronjob"):
            yield partial(cluster.patch_workload, ref, {"metadata": {"annotations": {"meshdesk.io/x": "1"}}})
    yield lambda: cluster.pods(cluster.workload(WorkloadRef("deployment", namespace, "a")))
    yield from (partial(listed, cluster, namespace, kind) for kind in named)


def listed(cluster: Cluster, namespace: str, kind: str) -> None:
    """Lists the workloads until that kind has come up, so that one refusal does not hide the others."""
    for obj in cluster.workloads(namespace):
        if obj["kind"].lower() == kind:
            return
