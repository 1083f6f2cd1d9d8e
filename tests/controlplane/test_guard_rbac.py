"""deploy/worker-guard-rbac.yaml on a real control plane: each right is needed, and no others' ConfigMap is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from portal.errors import AlreadyExists, Gone, Refused
from portal.mesh.guard.names import Mode
from portal.mesh.guard.render import Guard, all_refs, held, parameters, place
from portal.mesh.objects import ObjectRef
from tests.contract.real_world import as_user, for_user
from tests.contract.test_worker_rbac import split
from tests.contract.worlds import wait_until
from tests.controlplane.client import manifests
from tests.controlplane.harness import ControlPlane
from workers.cluster.protocol import Cluster

pytestmark = pytest.mark.control_plane
FILE = Path(__file__).parents[2] / "deploy" / "worker-guard-rbac.yaml"
USER = "meshdesk-guard-less"
GUARD = Guard("practice", {"nowhere-1": Mode.DENY})
Right = tuple[str, str, str]
PARAMETERS_READ = ("meshdesk-worker-guard-apply", "configmaps", "get")


def rights() -> list[Right]:
    """Every (role, resource, verb) of the file; what is split by names is one."""
    return [
        (manifest["metadata"]["name"], resource, verb)
        for manifest in manifests(FILE)
        for rule in manifest.get("rules", [])
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """The guard's objects, bound to a namespace that is not there."""
    for obj in (*place(), parameters({}), *held(GUARD)):
        control_plane.client.apply(obj)
    yield control_plane
    for ref in all_refs():
        control_plane.client.delete(ref.kind, ref.name)
    obj = ObjectRef.of(parameters({}))
    control_plane.client.delete(obj.kind, obj.name, obj.namespace)


def test_what_is_written_is_named_and_what_is_read_is_its_own() -> None:
    assert len(rights()) == len(set(rights()))
    names = {ref.name for ref in all_refs()} | {"meshdesk-guard", "*"}
    for manifest in manifests(FILE):
        for rule in manifest.get("rules", []):
            assert rule["verbs"] == ["create"] or set(rule["resourceNames"]) <= names
            assert "*" not in rule["verbs"] + rule["resources"] + rule["apiGroups"]
    named = {name for m in manifests(FILE) for rule in m.get("rules", []) for name in rule.get("resourceNames", ())}
    assert named == names


def test_the_rights_in_the_file_are_those_that_render_gives() -> None:
    in_file = {(one["kind"], one["metadata"]["name"]): one for one in manifests(FILE)}
    for obj in place():
        found = in_file[obj["kind"], obj["metadata"]["name"]]
        assert {key: found.get(key) for key in ("rules", "roleRef", "subjects")} == {
            key: obj.get(key) for key in ("rules", "roleRef", "subjects")
        }


@pytest.mark.parametrize("right", rights(), ids="-".join)
def test_each_right_is_needed(installed: ControlPlane, right: Right) -> None:
    worker = as_user(installed, USER)
    grant_without(installed, right)
    # Who may not read what a policy's parameters are is told so by its validation, not by RBAC.
    says = "is invalid: spec.paramKind" if right == PARAMETERS_READ else f"right to {right[2]} it"
    wait_until(lambda: (found := refused(worker)) and any(says in one for one in found))
    worker.close()


def test_all_are_enough_and_no_others_parameters_are_read(installed: ControlPlane) -> None:
    worker = as_user(installed, USER)
    grant_without(installed, None)
    wait_until(lambda: refused(worker) == [])
    with pytest.raises(Refused):
        worker.object(ObjectRef("v1", "ConfigMap", "kube-system", "extension-apiserver-authentication"))
    worker.close()


def grant_without(plane: ControlPlane, right: Right | None) -> None:
    for original in manifests(FILE):
        if original["kind"] == "Namespace":
            continue
        name = original["metadata"]["name"]
        manifest = for_user(original, USER)
        if "rules" in manifest:
            manifest["rules"] = [part for rule in manifest["rules"] for part in split(rule, name, right)]
        plane.client.apply(manifest)


def refused(worker: Cluster) -> list[str]:
    """The sentences of what is refused of all that the guard's task does; it stands afterwards as before."""
    found = []
    for obj in (parameters({}), *held(GUARD)):
        ref = ObjectRef.of(obj)
        for step in (partial(worker.object, ref), partial(create, worker, obj), patching(worker, obj)):
            try:
                step()
            except Refused as error:
                found.append(error.sentence)
    for ref in all_refs():
        try:
            # Of another uid: whether it may delete is asked before.
            worker.delete_object(ref, uid="00000000-0000-0000-0000-000000000000")
        except Gone:
            continue
        except Refused as error:
            found.append(error.sentence)
    return found


def create(worker: Cluster, obj: dict[str, object]) -> None:
    try:
        worker.create_object(obj, dry_run=True)
    except AlreadyExists:
        return


def patching(worker: Cluster, obj: dict[str, object]) -> Callable[[], object]:
    part = "data" if obj["kind"] == "ConfigMap" else "spec"
    return lambda: worker.patch_object(ObjectRef.of(obj), {part: obj[part]}, dry_run=True)
