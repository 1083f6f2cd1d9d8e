"""What the practice cluster does with objects beyond the contract: aggregated APIs, settings, its clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.errors import Gone, Refused
from portal.mesh.objects import ObjectRef
from portal.mesh.workloads import WorkloadRef
from tests.contract.sample_objects import config_map
from tests.contract.worlds import Object, namespace, raised, template, workload
from tests.unit.test_practice_cluster import Clock
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_linkerd import linkerd_objects

TAP = ObjectRef("apiregistration.k8s.io/v1", "APIService", "", "v1alpha1.tap.linkerd.io")
VIZ = ObjectRef("v1", "Namespace", "", "linkerd-viz")
DEPLOYMENT = WorkloadRef("deployment", "linkerd-viz", "tap")
SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "tap", "namespace": "linkerd-viz"},
    "spec": {"selector": {"app": "tap"}, "ports": [{"port": 443}]},
}
REGISTERED: Object = {
    "apiVersion": TAP.api_version,
    "kind": TAP.kind,
    "metadata": {"name": TAP.name},
    "spec": {"group": "tap.linkerd.io", "version": "v1alpha1", "service": {"name": "tap", "namespace": "linkerd-viz"}},
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def practice(tmp_path: Path, clock: Clock) -> PracticeCluster:
    """Linkerd, namespace `shop` and an empty `linkerd-viz`; a pod takes a second to be ready, half a one to end."""
    found = PracticeCluster("practice", tmp_path / "practice.db", clock=clock)
    for obj in [*linkerd_objects(), namespace("shop"), namespace("linkerd-viz")]:
        found.create(obj)
    found.set("roll_seconds_per_pod", 1)
    found.set("terminate_seconds", 0.5)
    return found


def available(practice: PracticeCluster) -> tuple[str, str]:
    """Status and reason of the APIService's one condition."""
    (condition,) = practice.object(TAP)["status"]["conditions"]
    assert condition["type"] == "Available"
    return condition["status"], condition["reason"]


def viz(practice: PracticeCluster, clock: Clock) -> None:
    """Tap, as far as the API server sees it, running."""
    for obj in (SERVICE, workload("Deployment", DEPLOYMENT, template("tap"), replicas=1), REGISTERED):
        practice.create_object(obj)
    clock.now += 5


def remove(practice: PracticeCluster, ref: ObjectRef) -> None:
    practice.delete_object(ref, uid=practice.object(ref)["metadata"]["uid"])


def is_there(practice: PracticeCluster, ref: ObjectRef) -> bool:
    try:
        return bool(practice.object(ref))
    except Gone:
        return False


def test_an_api_is_available_once_its_service_has_a_ready_pod(practice: PracticeCluster, clock: Clock) -> None:
    practice.create_object(REGISTERED)
    assert available(practice) == ("False", "ServiceNotFound")
    practice.create_object(SERVICE)
    assert available(practice) == ("False", "MissingEndpoints")
    practice.create_object(workload("Deployment", DEPLOYMENT, template("tap"), replicas=1))
    assert available(practice) == ("False", "MissingEndpoints")
    clock.now += 5
    assert available(practice) == ("True", "Passed")
    (listed,) = practice.objects(TAP.api_version, TAP.kind)
    assert listed == practice.object(TAP)
    practice.set("tap_silent", True)
    assert available(practice) == ("False", "FailedDiscoveryCheck")
    practice.set("tap_silent", False)
    practice.delete(DEPLOYMENT)
    assert available(practice) == ("False", "MissingEndpoints")


def test_viz_goes_cleanly_when_its_api_goes_first(practice: PracticeCluster, clock: Clock) -> None:
    viz(practice, clock)
    remove(practice, TAP)
    remove(practice, VIZ)
    assert practice.object(VIZ)["status"]["phase"] == "Terminating"
    clock.now += 0.6
    assert not is_there(practice, VIZ)
    assert list(practice.workloads("linkerd-viz")) == []


@pytest.mark.parametrize("doomed", ["linkerd-viz", "shop"])
def test_an_api_that_is_left_behind_hangs_namespaces_until_it_goes(
    practice: PracticeCluster, clock: Clock, doomed: str
) -> None:
    viz(practice, clock)
    practice.set("tap_silent", True)
    ref = ObjectRef("v1", "Namespace", "", doomed)
    remove(practice, ref)
    clock.now += 3600
    (condition,) = practice.object(ref)["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("NamespaceDeletionDiscoveryFailure", "True")
    assert "tap.linkerd.io/v1alpha1" in condition["message"]
    remove(practice, TAP)
    assert not is_there(practice, ref)


def test_an_api_that_answers_again_lets_namespaces_go(practice: PracticeCluster, clock: Clock) -> None:
    viz(practice, clock)
    practice.set("tap_silent", True)
    remove(practice, ObjectRef("v1", "Namespace", "", "shop"))
    clock.now += 10
    assert is_there(practice, ObjectRef("v1", "Namespace", "", "shop"))
    practice.set("tap_silent", False)
    assert not is_there(practice, ObjectRef("v1", "Namespace", "", "shop"))


def test_creations_can_be_denied_one_by_one(practice: PracticeCluster) -> None:
    practice.set("refuse_create", {"ConfigMap/shop/a": "frozen", "Namespace//new": "no more of them"})
    practice.create_object(config_map("shop", "b"))
    for manifest in (config_map("shop", "a"), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}):
        error = raised(lambda manifest=manifest: practice.create_object(manifest))  # type: ignore[misc]
        assert type(error) is Refused
        assert error.sentence.startswith("An admission policy of the cluster refused the change: ")
    practice.create(config_map("shop", "a"))


def test_rbac_and_policies_hold_for_all_that_meshdesk_writes(practice: PracticeCluster) -> None:
    made = practice.create_object(config_map("shop", "a"))
    ref = ObjectRef.of(made)
    practice.set("forbid", {"configmap/shop/a": True})
    calls = {
        "create": lambda: practice.create_object(config_map("shop", "a")),
        "patch": lambda: practice.patch_object(ref, {"data": {"a": "2"}}),
        "delete": lambda: practice.delete_object(ref, uid=made["metadata"]["uid"]),
    }
    for verb, call in calls.items():
        assert f"the right to {verb} it" in raised(call).sentence
    practice.set("forbid", {})
    practice.set("refuse", {"configmap/shop/a": "frozen"})
    for verb in ("patch", "delete"):
        assert "frozen" in raised(calls[verb]).sentence
    assert practice.object(ref) == made


def test_groups_can_be_missing(practice: PracticeCluster) -> None:
    ref = ObjectRef("policy.linkerd.io/v1beta3", "Server", "shop", "web")
    metadata = {"name": "web", "namespace": "shop"}
    manifest = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "spec": {}}
    practice.create_object(manifest)
    practice.set("unserved", ["policy.linkerd.io"])
    assert list(practice.objects(ref.api_version, ref.kind, "shop")) == []
    assert not is_there(practice, ref)
    assert (
        "does not serve Server of policy.linkerd.io/v1beta3"
        in raised(lambda: practice.create_object(manifest)).sentence
    )


def test_an_object_is_the_same_in_every_version_of_its_api(practice: PracticeCluster) -> None:
    ref = ObjectRef("policy.linkerd.io/v1beta3", "Server", "shop", "web")
    metadata = {"name": "web", "namespace": "shop"}
    practice.create_object({"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "spec": {}})
    older = practice.object(ObjectRef("policy.linkerd.io/v1alpha1", "Server", "shop", "web"))
    assert older == {**practice.object(ref), "apiVersion": "policy.linkerd.io/v1alpha1"}


def test_a_secret_is_kept_encoded(practice: PracticeCluster) -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}}
    made = practice.create_object({**manifest, "stringData": {"key": "value"}})
    assert (made["data"], "stringData" in made, made["type"]) == ({"key": "dmFsdWU="}, False, "Opaque")


def test_the_version_of_kubernetes_is_a_setting(practice: PracticeCluster) -> None:
    assert practice.mesh().kubernetes == "1.37.0"
    practice.set("kubernetes", "1.27.4")
    assert practice.mesh().kubernetes == "1.27.4"
