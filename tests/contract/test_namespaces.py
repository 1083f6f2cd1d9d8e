"""How namespaces end, and what keeps them from it: the same on the practice cluster and on a real control plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from portal.errors import ClusterError, Transient
from portal.mesh.objects import ObjectRef
from tests.contract.sample_objects import config_map, is_gone, uid
from tests.contract.worlds import Object, World, raised, wait_until
from workers.cluster.protocol import Cluster

REGISTRATION = "apiregistration.k8s.io/v1"


def reason(cluster: Cluster, obj: Object) -> tuple[str, str]:
    """Whether an APIService is available, and why not."""
    for one in cluster.object(ObjectRef.of(obj)).get("status", {}).get("conditions", []):
        return one["status"], one["reason"]
    return "", ""


@pytest.fixture
def cluster(world: World) -> Cluster:
    """The cluster for an account that may install Viz."""
    return world.installer


def space(world: World) -> Object:
    """The manifest of a second namespace of the test's own."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{world.namespace}-2"}}


def test_a_namespace_goes_with_all_that_is_in_it(world: World, cluster: Cluster) -> None:
    created = cluster.create_object(space(world))
    inside = cluster.create_object(config_map(created["metadata"]["name"], "inside"))
    cluster.delete_object(ObjectRef.of(created), uid=uid(created))
    wait_until(lambda: is_gone(cluster, ObjectRef.of(created)))
    assert is_gone(cluster, ObjectRef.of(inside))


def test_a_namespace_that_is_being_deleted_takes_nothing_new(world: World, cluster: Cluster) -> None:
    created = cluster.create_object(space(world))
    name = created["metadata"]["name"]
    held = config_map(name, "held")
    held["metadata"]["finalizers"] = ["meshdesk.test/held"]
    cluster.create_object(held)
    cluster.delete_object(ObjectRef.of(created), uid=uid(created))
    ending = cluster.object(ObjectRef.of(created))
    assert "deletionTimestamp" in ending["metadata"]
    assert ending["status"]["phase"] == "Terminating"
    error = raised(lambda: cluster.create_object(config_map(name, "late")))
    assert type(error) is Transient
    assert error.sentence == (
        f"Namespace {name} on cluster {cluster.name} is being deleted and takes nothing new; "
        "this is tried again by itself."
    )
    wait_until(lambda: condition(cluster, created, "NamespaceContentRemaining") == "True")
    cluster.patch_object(ObjectRef.of(held), {"metadata": {"finalizers": None}})
    wait_until(lambda: is_gone(cluster, ObjectRef.of(created)), seconds=60)


@pytest.fixture
def silent(world: World, cluster: Cluster) -> Iterator[Object]:
    """An APIService whose Service selects no pod. While it is there no namespace of the whole cluster can end."""
    namespace, group = world.namespace, f"{world.namespace}.example"
    metadata = {"name": "tap", "namespace": namespace}
    spec: dict[str, Any] = {"selector": {"app": "nobody"}, "ports": [{"port": 443}]}
    cluster.create_object({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    spec = {
        "group": group,
        "version": "v1alpha1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": metadata,
    }
    name = {"name": f"v1alpha1.{group}"}
    made = cluster.create_object({"apiVersion": REGISTRATION, "kind": "APIService", "metadata": name, "spec": spec})
    yield made
    if not is_gone(cluster, ObjectRef.of(made)):
        cluster.delete_object(ObjectRef.of(made), uid=uid(made))


def test_an_api_that_nobody_serves_hangs_every_namespace_that_is_deleted(
    world: World, cluster: Cluster, silent: Object
) -> None:
    # EndpointsNotFound comes first where the controller has not made the Service's EndpointSlice yet.
    wait_until(lambda: reason(cluster, silent) == ("False", "MissingEndpoints"))
    doomed = cluster.create_object(space(world))
    inside = cluster.create_object(config_map(doomed["metadata"]["name"], "inside"))
    cluster.delete_object(ObjectRef.of(doomed), uid=uid(doomed))
    wait_until(lambda: condition(cluster, doomed, "NamespaceDeletionDiscoveryFailure") == "True")
    wait_until(lambda: is_gone(cluster, ObjectRef.of(inside)))
    assert not is_gone(cluster, ObjectRef.of(doomed))
    cluster.delete_object(ObjectRef.of(silent), uid=uid(silent))
    wait_until(lambda: is_gone(cluster, ObjectRef.of(doomed)), seconds=60)


def condition(cluster: Cluster, obj: Object, kind: str) -> str | None:
    """The status of a condition of the object as it is now."""
    try:
        found = cluster.object(ObjectRef.of(obj)).get("status", {}).get("conditions") or []
    except ClusterError:
        return None
    return next((str(entry["status"]) for entry in found if entry["type"] == kind), None)
