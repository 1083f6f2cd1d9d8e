"""What kinds of tickets know of Jobs, on the practice cluster and on a real control plane: when a Job can be changed,
and that its pods can be found by their label."""

from __future__ import annotations

import pytest

from portal.errors import Refused
from portal.mesh.annotations import NATIVE_SIDECAR, SKIP_INBOUND
from portal.mesh.jobs import held_open, unpatchable_job
from portal.mesh.pods import pod_facts
from portal.mesh.workloads import UNSET, WorkloadRef, annotations_patch, template_annotations
from tests.contract.worlds import Object, World, job, raised, wait_until


def made(world: World, name: str, *, suspend: bool) -> WorkloadRef:
    ref = WorkloadRef("job", world.namespace, name)
    obj = job(ref)
    obj["spec"]["suspend"] = suspend
    world.create(obj)
    return ref


def started(world: World, ref: WorkloadRef) -> Object:
    """The Job once it has started and has its pod."""

    def looked() -> Object | None:
        found = world.cluster.workload(ref)
        return found if (found.get("status") or {}).get("startTime") and world.cluster.pods(found) else None

    found = wait_until(looked)
    assert found is not None
    return found


def test_the_annotations_of_a_suspended_job_that_never_started_can_be_changed(world: World) -> None:
    ref = made(world, "later", suspend=True)
    before = world.cluster.workload(ref)
    assert unpatchable_job(before) is None
    # Without a version: the Job's controller may write its status meanwhile.
    on = annotations_patch("job", {NATIVE_SIDECAR: "true"}, "MD-1;1", None)
    world.cluster.patch_workload(ref, on, dry_run=True)
    after = world.cluster.patch_workload(ref, on)
    own = template_annotations(before)
    assert template_annotations(after) == {**own, NATIVE_SIDECAR: "true"}
    world.cluster.patch_workload(ref, annotations_patch("job", {NATIVE_SIDECAR: None}, None, None))
    assert template_annotations(world.cluster.workload(ref)) == own


def test_nothing_else_of_its_template_can_be_changed(world: World) -> None:
    ref = made(world, "later", suspend=True)
    patch = {"spec": {"template": {"spec": {"activeDeadlineSeconds": 5}}}}
    assert isinstance(raised(lambda: world.cluster.patch_workload(ref, patch)), Refused)


def test_a_job_that_started_can_be_changed_no_more_but_its_own_annotations(world: World) -> None:
    ref = made(world, "later", suspend=True)
    world.apply(ref, {"spec": {"suspend": False}})
    found = started(world, ref)
    assert unpatchable_job(found) is not None
    error = raised(
        lambda: world.cluster.patch_workload(ref, annotations_patch("job", {SKIP_INBOUND: "1"}, UNSET, None))
    )
    assert isinstance(error, Refused)
    marked = world.cluster.patch_workload(ref, {"metadata": {"annotations": {"meshdesk.io/tickets": "MD-1;1"}}})
    assert marked["metadata"]["annotations"]["meshdesk.io/tickets"] == "MD-1;1"


def test_the_pods_of_jobs_are_found_by_their_label_and_have_states(world: World) -> None:
    ref = made(world, "now", suspend=False)
    job_uid = started(world, ref)["metadata"]["uid"]
    [pod] = [
        pod
        for pod in world.cluster.objects("v1", "Pod", world.namespace, "job-name")
        if pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "now"
    ]
    assert pod["metadata"]["ownerReferences"][0]["uid"] == job_uid
    assert pod_facts(pod).meshed
    [own] = [found["metadata"]["uid"] for found in world.cluster.objects("batch/v1", "Job", world.namespace)]
    assert own == job_uid

    def states() -> set[str]:
        [now] = world.cluster.pods(world.cluster.workload(ref))
        return {name for one in now["status"].get("containerStatuses") or [] for name in one.get("state") or {}}

    assert wait_until(states) == {"running"}


@pytest.mark.parametrize(("native", "ends"), [("true", True), ("false", False)])
def test_a_pod_ends_with_its_containers_unless_its_proxy_is_an_ordinary_one(
    world: World, native: str, ends: bool
) -> None:
    ref = WorkloadRef("job", world.namespace, f"native-{native}")
    obj = job(ref)
    obj["spec"]["template"]["metadata"]["annotations"][NATIVE_SIDECAR] = native
    world.create(obj)
    [pod] = world.cluster.pods(started(world, ref))
    wait_until(lambda: world.cluster.pods(world.cluster.workload(ref))[0]["status"].get("containerStatuses"))
    world.finish(ref)

    def over() -> bool:
        [now] = world.cluster.pods(world.cluster.workload(ref))
        return pod_facts(now).finished if ends else held_open(now) is not None

    assert wait_until(over)
    conditions = (world.cluster.workload(ref).get("status") or {}).get("conditions") or []
    assert bool([one for one in conditions if one["type"] == "Failed"]) is False
    if not ends:
        [now] = world.cluster.pods(world.cluster.workload(ref))
        assert str(held_open(now)).startswith(f"Pod {pod['metadata']['name']} of job/native-false finished at 20")
