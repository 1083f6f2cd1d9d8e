"""deploy/worker-rbac.yaml on a real control plane: nothing more is granted than the cluster protocol uses. That it is
enough, every test in test_cluster.py shows: Meshdesk runs there with these rights. deploy/worker-viz-rbac.yaml comes on
top of it where Viz is installed; that both are enough, test_objects.py shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from portal.errors import Gone, Refused
from portal.mesh.objects import ObjectRef
from portal.mesh.workloads import WorkloadRef
from tests.contract.real_world import RBAC_FILE, VIZ_RBAC_FILE, RealWorld, as_user, for_user
from tests.contract.sample_objects import sample
from tests.contract.worlds import Object, bare_pod, cron_job, job, template, wait_until, workload
from tests.controlplane.client import manifests
from tests.controlplane.fixtures import slug
from tests.controlplane.harness import ControlPlane
from workers.certificate_sources import WEBHOOKS
from workers.cluster.protocol import Cluster

pytestmark = pytest.mark.control_plane
USER = "meshdesk-with-one-right-less"
PATCHED = ("deployment", "statefulset", "daemonset", "cronjob", "job")
EGRESS = "networking.k8s.io/v1", "NetworkPolicy"
# What is listed only, and what is read one by one too: a kind that a call of Meshdesk needs more of comes here.
LISTED = (
    ("v1", "Service"),
    ("v1", "LimitRange"),
    ("v1", "ResourceQuota"),
    ("policy.linkerd.io/v1beta1", "ServerAuthorization"),
    ("policy.linkerd.io/v1beta3", "HTTPRoute"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
)
READ = (
    ("policy.linkerd.io/v1beta3", "Server"),
    ("policy.linkerd.io/v1alpha1", "AuthorizationPolicy"),
    ("policy.linkerd.io/v1alpha1", "MeshTLSAuthentication"),
    ("policy.linkerd.io/v1alpha1", "NetworkAuthentication"),
)
Right = tuple[str, str, str]


def rules(path: Path = RBAC_FILE) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """(kind of the role, position, rule) of every rule in the file."""
    for manifest in manifests(path):
        for position, rule in enumerate(manifest.get("rules", [])):
            yield manifest["kind"], position, rule


def rights(path: Path = RBAC_FILE) -> list[Right]:
    """Every (kind of the role, resource, verb) that the file grants."""
    return [(role, res, verb) for role, _, rule in rules(path) for res in rule["resources"] for verb in rule["verbs"]]


def test_the_rights_are_those_that_are_meant() -> None:
    granted = rights()
    assert len(granted) == len(set(granted))
    writes = {(resource, verb) for _, resource, verb in granted if verb not in ("get", "list")}
    patched = {(f"{kind}s", "patch") for kind in PATCHED}
    assert writes == patched | {("networkpolicies", verb) for verb in ("create", "patch", "delete")}
    assert not any("*" in part for _, _, rule in rules() for field in rule.values() for part in field)
    assert "secrets" not in {resource for _, resource, _ in granted}
    named = {resource: rule.get("resourceNames") for _, _, rule in rules() for resource in rule["resources"]}
    assert named["configmaps"] == ["linkerd-config", "linkerd-identity-trust-roots"]
    webhooks = {"mutatingwebhookconfigurations", "validatingwebhookconfigurations", "apiservices"}
    read = {webhook.ref.name for webhook in WEBHOOKS}
    assert {name for kind in webhooks for name in named[kind]} == read


def test_the_rights_for_viz_repeat_nothing_and_let_others_roles_be_bound_by_name_only() -> None:
    (own, *_) = (found for found in manifests(VIZ_RBAC_FILE) if found["kind"] == "ClusterRole")
    assert own["metadata"]["name"] == "meshdesk-worker-viz"
    granted = [(own["kind"], res, verb) for rule in own["rules"] for res in rule["resources"] for verb in rule["verbs"]]
    assert len(granted) == len(set(granted))
    by_name = {resource for _, _, rule in rules() if "resourceNames" in rule for resource in rule["resources"]}
    assert not {right for right in granted if right[1] not in by_name} & set(rights())
    for manifest in manifests(VIZ_RBAC_FILE):
        for rule in manifest.get("rules", []):
            assert "escalate" not in rule["verbs"]
            assert ("resourceNames" in rule) == ("bind" in rule["verbs"])
            assert rule["apiGroups"] == ["tap.linkerd.io"] or "*" not in rule["resources"] + rule["verbs"]


@pytest.fixture
def installer(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[RealWorld]:
    """A namespace, and the account that may install Viz."""
    world = RealWorld(control_plane, slug(request.node.name))
    yield world
    world.remove()


# What Viz's roles may, which the worker itself has no use for, and what none of them may.
TAP = [
    {"apiGroups": [""], "resources": ["nodes", "replicationcontrollers"], "verbs": ["list", "get", "watch"]},
    {"apiGroups": ["tap.linkerd.io"], "resources": ["*"], "verbs": ["watch"]},
]
WEB = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"], "resourceNames": ["linkerd-config"]}]
FOREIGN = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["delete"]}]


@pytest.mark.parametrize(
    ("name", "namespace", "allowed"), [("linkerd-linkerd-viz-tap", "", TAP), ("web", "linkerd", WEB)]
)
def test_the_roles_of_viz_can_be_made_and_bound(
    installer: RealWorld, name: str, namespace: str, allowed: list[Object]
) -> None:
    role, binding = role_and_binding(name, namespace, allowed)
    made = [installer.installer.create_object(obj) for obj in (role, binding)]
    for obj in made:
        installer.installer.delete_object(ObjectRef.of(obj), uid=obj["metadata"]["uid"])


@pytest.mark.parametrize(
    ("namespace", "kind", "name"),
    [
        ("", "ClusterRole", "system:auth-delegator"),
        ("kube-system", "Role", "extension-apiserver-authentication-reader"),
    ],
)
def test_what_tap_is_bound_to_can_be_bound(installer: RealWorld, namespace: str, kind: str, name: str) -> None:
    _, binding = role_and_binding(installer.namespace, namespace, kind=kind, bound=name)
    made = installer.installer.create_object(binding)
    installer.installer.delete_object(ObjectRef.of(made), uid=made["metadata"]["uid"])


def test_rights_that_the_worker_lacks_are_given_to_nobody(installer: RealWorld) -> None:
    role, _ = role_and_binding(installer.namespace, "", FOREIGN)
    with pytest.raises(Refused, match=r"grant what ClusterRole .* grants .* the right to escalate it"):
        installer.installer.create_object(role)
    _, binding = role_and_binding("x", installer.namespace, kind="ClusterRole", bound="cluster-admin")
    with pytest.raises(Refused, match=r"grant what RoleBinding .* grants .* the right to bind its role"):
        installer.installer.create_object(binding)


def role_and_binding(
    name: str, namespace: str, allowed: list[Object] | None = None, *, kind: str | None = None, bound: str | None = None
) -> tuple[Object, Object]:
    """A role with these rules, and a binding of it, or of the role that is named, to nobody."""
    group, prefix = "rbac.authorization.k8s.io", "" if namespace else "Cluster"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    role = {"apiVersion": f"{group}/v1", "kind": f"{prefix}Role", "metadata": metadata, "rules": allowed or []}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": f"{prefix}RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": kind or f"{prefix}Role", "name": bound or name},
        "subjects": [{"kind": "Group", "name": "nobody", "apiGroup": group}],
    }
    return role, binding


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
        except Gone:
            # Allowed, and nothing of that name is there.
            continue
    return found


def everything(cluster: Cluster, namespace: str) -> Iterator[Callable[[], object]]:
    """Each call of the protocol, on each kind."""
    yield cluster.mesh
    yield partial(cluster.object, ObjectRef("v1", "ConfigMap", "linkerd", "linkerd-identity-trust-roots"))
    yield cluster.injector_webhook
    yield lambda: list(cluster.namespaces())
    yield lambda: cluster.namespace(namespace)
    yield lambda: cluster.disruption_budgets(namespace)
    yield lambda: list(cluster.metadata("replicaset", namespace))
    yield lambda: cluster.events(namespace)
    yield from certificates(cluster)
    named = {"deployment": "a", "statefulset": "b", "daemonset": "c", "replicaset": "d"}
    named |= {kind: f"bare-{kind}" for kind in ("cronjob", "job", "pod")}
    for kind, name in named.items():
        ref = WorkloadRef(kind, namespace, name)
        yield partial(cluster.workload, ref)
        if kind in PATCHED:
            yield partial(cluster.patch_workload, ref, {"metadata": {"annotations": {"meshdesk.io/x": "1"}}})
    yield lambda: cluster.pods(cluster.workload(WorkloadRef("deployment", namespace, "a")))
    yield from (partial(listed, cluster, namespace, kind) for kind in named)
    yield from objects(cluster, namespace)


def objects(cluster: Cluster, namespace: str) -> Iterator[Callable[[], object]]:
    """Each call on objects that Meshdesk makes where it installs no Viz."""
    for api_version, kind in (*LISTED, *READ, EGRESS):
        yield lambda api_version=api_version, kind=kind: list(cluster.objects(api_version, kind, namespace))  # type: ignore[misc]
    for api_version, kind in (*READ, EGRESS):
        yield partial(cluster.object, ObjectRef(api_version, kind, namespace, "missing"))
    missing = ObjectRef(*EGRESS, namespace, "missing")
    yield partial(cluster.create_object, sample("NetworkPolicy", namespace), dry_run=True)
    yield partial(cluster.patch_object, missing, {"metadata": {"labels": {"a": "b"}}})
    yield partial(cluster.delete_object, missing, uid="00000000-0000-4000-8000-000000000000")


def certificates(cluster: Cluster) -> Iterator[Callable[[], object]]:
    """Each call by which the certificates of a mesh are read."""
    yield partial(cluster.object, ObjectRef("v1", "ConfigMap", "linkerd", "linkerd-identity-trust-roots"))
    yield lambda: list(cluster.objects("cert-manager.io/v1", "Certificate", "linkerd"))
    yield from (partial(cluster.object, webhook.ref) for webhook in WEBHOOKS)


def listed(cluster: Cluster, namespace: str, kind: str) -> None:
    """Lists the workloads until that kind has come up, so that one refusal does not hide the others."""
    for obj in cluster.workloads(namespace):
        if obj["kind"].lower() == kind:
            return
