"""The practice bundle and the rights of a tap ticket on a real API server, which takes all of it as it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.errors import Gone
from portal.mesh.objects import ObjectRef
from portal.mesh.viz.certificates import Issued, issue, reissue_patch, with_certificates
from portal.mesh.viz.order import Stage, Wait, creation_stages, removal_stages, unmet
from portal.mesh.viz.tap import Subject, tap_objects
from tests.controlplane.client import wait_for
from tests.controlplane.harness import ControlPlane
from tests.controlplane.world import World, add_kinds
from tests.unit.viz.bundles import practice
from workers.cluster.kubernetes import KubernetesCluster

pytestmark = pytest.mark.control_plane
Object = dict[str, Any]


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[KubernetesCluster]:
    """The control plane as its administrator reaches it."""
    add_kinds(control_plane)
    made = KubernetesCluster("real", kubeconfig=control_plane.admin_kubeconfig, context=None, timeout=10)
    yield made
    made.close()


def there(cluster: KubernetesCluster, refs: list[ObjectRef]) -> dict[ObjectRef, Object]:
    found = {}
    for ref in refs:
        try:
            found[ref] = cluster.object(ref)
        except Gone:
            continue
    return found


def removed(cluster: KubernetesCluster, refs: list[ObjectRef]) -> None:
    """Remove what of these is there, in the order of removal, each stage gone before the next."""
    for stage in removal_stages(refs, "linkerd-viz"):
        for ref, obj in there(cluster, stage).items():
            cluster.delete_object(ref, uid=obj["metadata"]["uid"])
        wait_for(lambda stage=stage: not there(cluster, stage), f"{stage} to be gone")  # type: ignore[misc]


def allowed(plane: ControlPlane, user: str, **attributes: str) -> bool:
    """What the API server says to a SubjectAccessReview."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "metadata": {}}
    asked = {**review, "spec": {"user": user, "resourceAttributes": attributes}}
    resource = plane.client._resource("SubjectAccessReview", "authorization.k8s.io/v1")
    return bool(resource.create(body=asked).to_dict()["status"]["allowed"])


def install(cluster: KubernetesCluster, tap: Issued, injector: Issued) -> None:
    """Create the practice bundle in its order. Nothing serves tap here, so only that wait is not awaited."""
    for stage in creation_stages(practice()):
        own = [ObjectRef.of(obj) for obj in stage.objects]

        def left(stage: Stage = stage, own: list[ObjectRef] = own) -> list[str]:
            return unmet(stage, there(cluster, own))

        for obj in stage.objects:
            cluster.create_object(with_certificates(obj, tap, injector))
        if stage.waits is Wait.API_AVAILABLE:
            said = wait_for(left, "a sentence on the tap API")
            assert said[0].startswith("APIService v1alpha1.tap.linkerd.io is not Available: ")
        else:
            wait_for(lambda left=left: not left(), stage.name)  # type: ignore[misc]


def reissue(cluster: KubernetesCluster, refs: list[ObjectRef], tap: Issued, injector: Issued) -> int:
    """Give the objects the next certificates; how many took one."""
    live = there(cluster, refs)
    patches = {ref: reissue_patch(obj, tap, injector, now=datetime.now(UTC)) for ref, obj in live.items()}
    return len([cluster.patch_object(ref, patch) for ref, patch in patches.items() if patch is not None])


def test_it_is_created_in_its_order_grants_tap_alone_and_leaves_nothing(
    control_plane: ControlPlane, world: World, cluster: KubernetesCluster
) -> None:
    now = datetime.now(UTC)
    first, second = [
        [issue(name, "linkerd-viz", now=now, until=now + timedelta(hours=hours)) for name in ("tap", "tap-injector")]
        for hours in (1, 2)
    ]
    granted = tap_objects("MD-7", world.namespaces[0], "linkerd-viz", [Subject("User", "member")])
    refs = [ObjectRef.of(obj) for obj in (*practice().objects, *granted)]
    try:
        install(cluster, *first)
        assert reissue(cluster, refs, *second) == 4
        for obj in granted:
            cluster.create_object(obj)
        holds(control_plane, *world.namespaces[:2])
    finally:
        removed(cluster, refs)
    assert there(cluster, refs) == {}


def holds(plane: ControlPlane, place: str, elsewhere: str) -> None:
    """The member whom the ticket names may tap `place` and see Viz's Namespace, and nothing besides."""
    viz = {"resource": "namespaces", "name": "linkerd-viz", "namespace": "linkerd-viz", "verb": "get"}
    watch = {"group": "tap.linkerd.io", "version": "v1alpha1", "verb": "watch", "subresource": "tap"}
    forward = {"verb": "create", "resource": "pods", "subresource": "portforward", "namespace": "linkerd-viz"}
    wait_for(lambda: allowed(plane, "member", **viz), "the rights of the ticket")
    assert allowed(plane, "member", **watch, resource="deployments", namespace=place, name="web")
    assert allowed(plane, "member", **watch, resource="namespaces", namespace=place, name=place)
    assert not allowed(plane, "member", **watch, resource="deployments", namespace=elsewhere)
    assert not allowed(plane, "somebody", **watch, resource="deployments", namespace=place)
    assert not allowed(plane, "member", **forward)
    assert not allowed(plane, "member", **{**viz, "name": "linkerd", "namespace": "linkerd"})
