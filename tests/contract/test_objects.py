"""What every cluster implementation keeps of the protocol's promises on objects of any kind, in both worlds alike.

On the real control plane Meshdesk has the rights of both files of deploy/ here, and no others.
"""

from __future__ import annotations

from functools import partial

import pytest

from portal.errors import AlreadyExists, Conflict, Gone, Refused
from portal.mesh.objects import MANAGED, NONCE, ObjectRef
from portal.mesh.workloads import WorkloadRef
from tests.contract.sample_objects import SAMPLES, config_map, is_gone, sample, uid
from tests.contract.worlds import Object, World, raised, settled, template, wait_until, workload
from workers.cluster.protocol import Cluster


@pytest.fixture
def cluster(world: World) -> Cluster:
    """The cluster for an account that may install Viz."""
    return world.installer


@pytest.fixture
def made(world: World, cluster: Cluster) -> Object:
    """A ConfigMap that Meshdesk created."""
    return cluster.create_object(config_map(world.namespace, "made", labels={MANAGED: "true"}))


def test_what_was_created_is_read_as_it_was_answered(cluster: Cluster, made: Object) -> None:
    assert (made["apiVersion"], made["kind"], made["data"]) == ("v1", "ConfigMap", {"a": "1", "b": "2"})
    assert {"uid", "resourceVersion", "creationTimestamp"} <= made["metadata"].keys()
    assert [entry["manager"] for entry in made["metadata"]["managedFields"]] == ["meshdesk"]
    assert cluster.object(ObjectRef.of(made)) == made


def test_what_is_already_there_is_never_taken_over(world: World, cluster: Cluster, made: Object) -> None:
    mine = config_map(world.namespace, "made", {"a": "mine"})
    for dry_run in (False, True):
        error = raised(partial(cluster.create_object, mine, dry_run=dry_run))
        assert type(error) is AlreadyExists
        assert error.sentence.startswith(
            f"ConfigMap made in {world.namespace} is already there on cluster {cluster.name}, and Meshdesk takes over"
        )
    assert cluster.object(ObjectRef.of(made)) == made


def test_a_dry_run_of_a_creation_stores_nothing(world: World, cluster: Cluster) -> None:
    wanted = config_map(world.namespace, "imagined")
    shown = cluster.create_object(wanted, dry_run=True)
    assert shown["data"] == wanted["data"]
    assert isinstance(raised(lambda: cluster.object(ObjectRef.of(wanted))), Gone)
    assert list(cluster.objects("v1", "ConfigMap", world.namespace, "imagined=yes")) == []


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_every_kind_is_created_read_listed_changed_and_deleted(world: World, cluster: Cluster, kind: str) -> None:
    manifest = sample(kind, world.namespace)
    ref, namespace = ObjectRef.of(manifest), manifest["metadata"].get("namespace")
    created = cluster.create_object(manifest)
    assert (created["apiVersion"], created["kind"], ObjectRef.of(created)) == (ref.api_version, kind, ref)
    assert uid(cluster.object(ref)) == uid(created)
    cluster.patch_object(ref, {"metadata": {"annotations": {NONCE: "n-1"}}})
    (listed,) = cluster.objects(ref.api_version, kind, namespace, f"{MANAGED}=true,place={world.namespace}")
    assert (ObjectRef.of(listed), listed["metadata"]["annotations"][NONCE]) == (ref, "n-1")
    cluster.delete_object(ref, uid=uid(created))
    wait_until(lambda: is_gone(cluster, ref))


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("", {"one", "two", "three"}),
        ("app=web", {"one", "two"}),
        ("app==web,tier=front", {"one"}),
        ("app!=web", {"three"}),
        ("tier", {"one", "two"}),
        ("!tier", {"three"}),
        ("tier in (back, front)", {"one", "two"}),
        ("tier notin (back)", {"one", "three"}),
        ("app in (web,db),tier", {"one", "two"}),
        ("example.com/none=x", set()),
    ],
)
def test_a_listing_is_of_the_labels_that_were_asked_for(
    world: World, cluster: Cluster, selector: str, found: set[str]
) -> None:
    labels = {"one": {"app": "web", "tier": "front"}, "two": {"app": "web", "tier": "back"}, "three": {"app": "db"}}
    for name, its in labels.items():
        cluster.create_object(config_map(world.namespace, name, labels={**its, "of-this-test": "1"}))
    listed = list(
        cluster.objects("v1", "ConfigMap", world.namespace, ",".join(filter(None, [selector, "of-this-test"])))
    )
    assert {obj["metadata"]["name"] for obj in listed} == found
    assert all((obj["apiVersion"], obj["kind"]) == ("v1", "ConfigMap") for obj in listed)


@pytest.mark.parametrize("selector", ["a=b=c", "app in web", "(", "app in (a", "=x"])
def test_a_selector_that_cannot_be_read_is_refused(world: World, cluster: Cluster, selector: str) -> None:
    assert isinstance(raised(lambda: list(cluster.objects("v1", "ConfigMap", world.namespace, selector))), Refused)


def test_long_listings_are_whole(world: World, cluster: Cluster) -> None:
    wanted = {f"many-{number:03}" for number in range(255)}
    for name in sorted(wanted):
        cluster.create_object(config_map(world.namespace, name, labels={"many": "1"}))
    listed = [obj["metadata"]["name"] for obj in cluster.objects("v1", "ConfigMap", world.namespace, "many=1")]
    assert (set(listed), len(listed)) == (wanted, 255)
    everywhere = list(cluster.objects("v1", "ConfigMap", None, "many=1"))
    assert len(everywhere) == 255


def test_a_patch_merges_and_takes_away(cluster: Cluster, made: Object) -> None:
    ref = ObjectRef.of(made)
    lock = made["metadata"]["resourceVersion"]
    answer = cluster.patch_object(ref, {"metadata": {"resourceVersion": lock}, "data": {"a": None, "c": "3"}})
    assert answer["data"] == {"b": "2", "c": "3"}
    assert uid(answer) == uid(made)
    assert cluster.object(ref) == answer
    stale = raised(lambda: cluster.patch_object(ref, {"metadata": {"resourceVersion": lock}, "data": {"d": "4"}}))
    assert type(stale) is Conflict
    assert cluster.object(ref) == answer


def test_a_dry_run_of_a_patch_stores_nothing(cluster: Cluster, made: Object) -> None:
    ref = ObjectRef.of(made)
    assert cluster.patch_object(ref, {"data": {"a": "9"}}, dry_run=True)["data"]["a"] == "9"
    assert cluster.object(ref) == made


def test_only_the_object_of_that_uid_is_deleted(world: World, cluster: Cluster, made: Object) -> None:
    ref = ObjectRef.of(made)
    error = raised(lambda: cluster.delete_object(ref, uid="00000000-0000-4000-8000-000000000000"))
    assert type(error) is Gone
    assert error.sentence == f"There is no ConfigMap made in {world.namespace} on cluster {cluster.name}."
    assert cluster.object(ref) == made
    cluster.delete_object(ref, uid=uid(made))
    assert isinstance(raised(lambda: cluster.object(ref)), Gone)
    assert isinstance(raised(lambda: cluster.delete_object(ref, uid=uid(made))), Gone)
    again = cluster.create_object(config_map(world.namespace, "made"))
    assert isinstance(raised(lambda: cluster.delete_object(ref, uid=uid(made))), Gone)
    assert cluster.object(ref) == again


def test_what_has_finalizers_is_there_until_they_are_gone(world: World, cluster: Cluster) -> None:
    held = config_map(world.namespace, "held")
    held["metadata"]["finalizers"] = ["meshdesk.test/held"]
    created, ref = cluster.create_object(held), ObjectRef.of(held)
    cluster.delete_object(ref, uid=uid(created))
    assert "deletionTimestamp" in cluster.object(ref)["metadata"]
    cluster.delete_object(ref, uid=uid(created))
    cluster.patch_object(ref, {"metadata": {"finalizers": None}})
    assert isinstance(raised(lambda: cluster.object(ref)), Gone)


def test_what_an_owner_made_goes_with_it_in_the_background(world: World, cluster: Cluster) -> None:
    ref = WorkloadRef("deployment", world.namespace, "web")
    created = cluster.create_object(workload("Deployment", ref, template("web"), replicas=2))
    settled(cluster, ref)
    assert len(cluster.pods(created)) == 2
    cluster.delete_object(ObjectRef.of(created), uid=uid(created))
    wait_until(lambda: is_gone(cluster, ObjectRef.of(created)))
    wait_until(lambda: not list(cluster.objects("v1", "Pod", world.namespace, "app=web")))


def test_without_its_namespace_nothing_is_created(cluster: Cluster) -> None:
    manifest = config_map("no-such-namespace", "x")
    error = raised(lambda: cluster.create_object(manifest))
    assert type(error) is Gone
    assert error.sentence == f"There is no namespace no-such-namespace on cluster {cluster.name}."
    assert isinstance(raised(lambda: cluster.object(ObjectRef.of(manifest))), Gone)
    assert list(cluster.objects("v1", "ConfigMap", "no-such-namespace")) == []


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("policy.linkerd.io/v9", "Server"),
        ("policy.linkerd.io/v1beta3", "AuthorizationPolicy"),
        ("apps/v9", "Deployment"),
    ],
)
def test_what_the_cluster_does_not_serve_is_not_there(
    world: World, cluster: Cluster, api_version: str, kind: str
) -> None:
    ref = ObjectRef(api_version, kind, world.namespace, "web")
    metadata = {"name": ref.name, "namespace": ref.namespace}
    assert list(cluster.objects(api_version, kind, world.namespace)) == []
    assert list(cluster.objects(api_version, kind)) == []
    for call in (
        lambda: cluster.object(ref),
        lambda: cluster.patch_object(ref, {"metadata": {"labels": {"a": "b"}}}),
        lambda: cluster.delete_object(ref, uid="u"),
    ):
        assert isinstance(raised(call), Gone)
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {}}
    error = raised(lambda: cluster.create_object(manifest))
    assert type(error) is Refused
    assert error.sentence == (
        f"Cluster {cluster.name} does not serve {kind} of {api_version}: "
        "your platform operators must install what defines it."
    )


@pytest.mark.parametrize(
    "ref",
    [
        ObjectRef("v1", "ConfigMap", "contract", ".."),
        ObjectRef("v1", "ConfigMap", "contract", "a/../b"),
        ObjectRef("v1", "ConfigMap", "contract", "a?dryRun=All"),
        ObjectRef("v1", "ConfigMap", "contract", "a%2fb"),
        ObjectRef("v1", "ConfigMap", "contract", ""),
        ObjectRef("v1", "ConfigMap", "contract", "système"),
        ObjectRef("v1", "ConfigMap", "contract", "a:b"),
        ObjectRef("v1", "ConfigMap", "..", "a"),
        ObjectRef("v1", "ConfigMap", "", "a"),
        ObjectRef("v1", "Namespace", "contract", "a"),
        ObjectRef("v1/../v1", "ConfigMap", "contract", "a"),
        ObjectRef("/v1", "ConfigMap", "contract", "a"),
        ObjectRef("apps/v1/..", "Deployment", "contract", "a"),
        ObjectRef("apps/..", "Deployment", "contract", "a"),
        ObjectRef("apps/v1?x", "Deployment", "contract", "a"),
        ObjectRef("v1", "Node", "", "a"),
        ObjectRef("apps/v1", "ConfigMap", "contract", "a"),
        ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", ".."),
        ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", "a/b"),
    ],
    ids=lambda ref: f"{ref.api_version}-{ref.kind}-{ref.namespace}-{ref.name}",
)
def test_what_can_never_be_there_is_gone_and_never_written(cluster: Cluster, ref: ObjectRef) -> None:
    assert isinstance(raised(lambda: cluster.object(ref)), Gone)
    manifest = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name}}
    if ref.namespace:
        manifest["metadata"]["namespace"] = ref.namespace
    for write in (
        lambda: cluster.create_object(manifest),
        lambda: cluster.patch_object(ref, {}),
        lambda: cluster.delete_object(ref, uid="u"),
    ):
        with pytest.raises(ValueError, match="cannot be in a cluster"):
            write()


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace"),
    [("v1", "ConfigMap", ".."), ("v1", "ConfigMap", ""), ("v1", "Node", None), ("v1", "Namespace", "contract")],
)
def test_of_what_can_never_be_there_nothing_is_listed(
    cluster: Cluster, api_version: str, kind: str, namespace: str | None
) -> None:
    assert list(cluster.objects(api_version, kind, namespace)) == []


def test_roles_may_have_names_with_colons(world: World, cluster: Cluster) -> None:
    name = f"meshdesk:{world.namespace}"
    manifest = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}}
    created = cluster.create_object({**manifest, "rules": []})
    assert uid(cluster.object(ObjectRef.of(created))) == uid(created)
    cluster.delete_object(ObjectRef.of(created), uid=uid(created))
    assert is_gone(cluster, ObjectRef.of(created))


def test_the_mesh_tells_the_version_of_kubernetes(world: World) -> None:
    version = world.cluster.mesh().kubernetes
    assert version is not None
    assert version.startswith("1.37.")
