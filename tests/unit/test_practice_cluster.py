"""What the practice cluster does beyond the contract: its clock, settings, several processes, rollouts that hang."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from portal.errors import AlreadyExists, ConfigurationError, Conflict, Gone, Refused, Transient
from portal.mesh.annotations import SKIP_INBOUND
from portal.mesh.pods import pod_facts
from portal.mesh.rollouts import rollout_of
from portal.mesh.workloads import WorkloadRef, template_path
from tests.contract.worlds import bare_pod, change, cron_job, job, namespace, raised, template, workload
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_linkerd import linkerd_objects
from workers.cluster.practice_store import Store

WEB = WorkloadRef("deployment", "shop", "web")
NEVER_READY = "practice.meshdesk.io/never-ready"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def practice(tmp_path: Path, clock: Clock) -> PracticeCluster:
    """Linkerd and namespace `shop`; a pod takes a second to be ready and half a second to end."""
    found = PracticeCluster("practice", tmp_path / "practice.db", clock=clock)
    for obj in [*linkerd_objects(), namespace("shop")]:
        found.create(obj)
    found.set("roll_seconds_per_pod", 1)
    found.set("terminate_seconds", 0.5)
    return found


def shown(practice: PracticeCluster, ref: WorkloadRef) -> tuple[int, int, bool]:
    """Pods of the present template, ready pods, whether the rollout is complete."""
    rollout = rollout_of(practice.workload(ref))
    return rollout.updated, rollout.ready, rollout.complete


def annotate(practice: PracticeCluster, ref: WorkloadRef, **annotations: str | None) -> None:
    """Change the template's annotations as the owner."""
    patch: dict[str, Any] = dict(annotations)
    for step in reversed(template_path(ref.kind)):
        patch = {step: patch}
    practice.apply_as("kubectl", ref, patch)


def made(practice: PracticeCluster, clock: Clock, kind: str = "Deployment", **spec: Any) -> WorkloadRef:
    """A settled workload of that kind."""
    ref = WorkloadRef(kind.lower(), "shop", "web")
    practice.create(workload(kind, ref, template("web"), **spec))
    clock.now += 60
    assert rollout_of(practice.workload(ref)).complete
    return ref


def test_a_rollout_goes_by_the_clock(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock, replicas=3)
    found = practice.workload(ref)
    practice.patch_workload(ref, change(found, {SKIP_INBOUND: "8080"}))
    seen = []
    for _ in range(4):
        seen.append(shown(practice, ref))
        clock.now += 1
    assert seen == [(1, 3, False), (2, 3, False), (3, 3, False), (3, 3, True)]
    clock.now += 1
    assert len(practice.pods(found)) == 3


def test_a_rollout_that_nobody_watched_is_over_all_the_same(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock, replicas=3)
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 3.6
    assert shown(practice, ref) == (3, 3, True)
    assert {pod_facts(pod).skip_inbound for pod in practice.pods(practice.workload(ref))} == {"8080"}


def test_a_change_in_the_middle_of_a_rollout_wins(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock, replicas=2)
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "1"}))
    clock.now += 1.1
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "2"}))
    clock.now += 10
    pods = practice.pods(practice.workload(ref))
    assert [pod_facts(pod).skip_inbound for pod in pods] == ["2", "2"]


def test_going_back_uses_the_old_replica_set_again(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock)
    (before,) = practice.pods(practice.workload(ref))
    for value in ("8080", None):
        practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: value}))
        clock.now += 10
    (after,) = practice.pods(practice.workload(ref))
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["metadata"]["ownerReferences"] == before["metadata"]["ownerReferences"]
    assert shown(practice, ref) == (1, 1, True)


def test_a_rollout_that_hangs_says_so_after_its_deadline_and_goes_on_when_mended(
    practice: PracticeCluster, clock: Clock
) -> None:
    ref = made(practice, clock, replicas=2, progressDeadlineSeconds=30)
    practice.apply_as("kubectl", ref, {"metadata": {"annotations": {NEVER_READY: "true"}}})
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 29
    assert rollout_of(practice.workload(ref)).stalled is None
    clock.now += 2
    rollout = rollout_of(practice.workload(ref))
    assert (rollout.updated, rollout.ready, rollout.complete) == (1, 2, False)
    assert rollout.stalled is not None
    practice.apply_as("kubectl", ref, {"metadata": {"annotations": {NEVER_READY: None}}})
    clock.now += 10
    assert rollout_of(practice.workload(ref)).stalled is None
    assert shown(practice, ref) == (2, 2, True)


def test_a_hanging_rollout_is_taken_back(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock, replicas=2)
    practice.apply_as("kubectl", ref, {"metadata": {"annotations": {NEVER_READY: "true"}}})
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 5
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: None}))
    clock.now += 5
    assert shown(practice, ref) == (2, 2, True)
    assert len(practice.pods(practice.workload(ref))) == 2


def test_a_paused_deployment_waits_to_be_resumed(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock)
    practice.apply_as("kubectl", ref, {"spec": {"paused": True}})
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 1000
    assert shown(practice, ref) == (0, 1, False)
    practice.apply_as("kubectl", ref, {"spec": {"paused": None}})
    clock.now += 5
    assert shown(practice, ref) == (1, 1, True)


def test_a_partition_keeps_the_lower_pods(practice: PracticeCluster, clock: Clock) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    ref = made(practice, clock, "StatefulSet", replicas=3, updateStrategy=strategy)
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 20
    skips = {pod["metadata"]["name"]: pod_facts(pod).skip_inbound for pod in practice.pods(practice.workload(ref))}
    assert skips == {"web-0": "4567-4568", "web-1": "4567-4568", "web-2": "8080"}
    assert not rollout_of(practice.workload(ref)).complete


def test_on_delete_takes_the_new_template_pod_by_pod(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock, "DaemonSet", updateStrategy={"type": "OnDelete"})
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 10
    pods = practice.pods(practice.workload(ref))
    assert {pod_facts(pod).skip_inbound for pod in pods} == {"4567-4568"}
    for pod in pods:
        practice.delete(WorkloadRef.of(pod))
        clock.now += 5
    assert {pod_facts(pod).skip_inbound for pod in practice.pods(practice.workload(ref))} == {"8080"}


def test_a_bare_replica_set_keeps_its_pods_but_makes_up_for_lost_ones(practice: PracticeCluster, clock: Clock) -> None:
    ref = WorkloadRef("replicaset", "shop", "bare")
    practice.create(workload("ReplicaSet", ref, template("bare"), replicas=2))
    clock.now += 5
    annotate(practice, ref, **{SKIP_INBOUND: "8080"})
    clock.now += 5
    pods = practice.pods(practice.workload(ref))
    assert {pod_facts(pod).skip_inbound for pod in pods} == {"4567-4568"}
    practice.delete(WorkloadRef.of(pods[0]))
    clock.now += 5
    assert {pod_facts(pod).skip_inbound for pod in practice.pods(practice.workload(ref))} == {"4567-4568", "8080"}


def test_a_job_runs_until_its_owner_says_that_it_is_finished(practice: PracticeCluster, clock: Clock) -> None:
    ref = WorkloadRef("job", "shop", "import")
    practice.create(job(ref))
    clock.now += 100
    (pod,) = practice.pods(practice.workload(ref))
    assert not pod_facts(pod).finished
    practice.apply_as("kubectl", ref, {"metadata": {"annotations": {"practice.meshdesk.io/finished": "true"}}})
    clock.now += 1
    (pod,) = practice.pods(practice.workload(ref))
    assert pod_facts(pod).finished
    assert practice.workload(ref)["status"]["succeeded"] == 1
    patch = {"spec": {"template": {"metadata": {"annotations": {SKIP_INBOUND: "1"}}}}}
    assert "immutable" in raised(lambda: practice.patch_workload(ref, patch)).sentence


def test_pods_are_admitted_without_a_proxy_while_the_injector_is_down(practice: PracticeCluster, clock: Clock) -> None:
    practice.set("injector_down", True)
    ref = made(practice, clock)
    assert [pod_facts(pod).meshed for pod in practice.pods(practice.workload(ref))] == [False]
    practice.set("injector_down", False)
    practice.patch_workload(ref, change(practice.workload(ref), {SKIP_INBOUND: "8080"}))
    clock.now += 5
    assert [pod_facts(pod).meshed for pod in practice.pods(practice.workload(ref))] == [True]


def test_without_linkerd_there_are_no_mesh_settings(tmp_path: Path) -> None:
    bare = PracticeCluster("bare", tmp_path / "bare.db")
    assert isinstance(raised(bare.mesh), Gone)
    assert bare.injector_webhook() is None
    assert list(bare.workloads()) == []


def test_deleting_takes_what_is_owned_along(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock, replicas=2)
    found = practice.workload(ref)
    pods = practice.pods(found)
    practice.delete(ref)
    assert all(pod_facts(practice.get(WorkloadRef.of(pod))).terminating for pod in pods)
    clock.now += 5
    assert list(practice.workloads("shop")) == []
    assert practice.pods(found) == []


def test_deleting_a_namespace_takes_everything_along(practice: PracticeCluster, clock: Clock) -> None:
    made(practice, clock)
    practice.delete(WorkloadRef("namespace", "", "shop"))
    assert list(practice.workloads()) == []
    assert practice.namespace("shop")["status"]["phase"] == "Terminating"
    clock.now += 5
    assert isinstance(raised(lambda: practice.namespace("shop")), Gone)
    assert isinstance(raised(lambda: practice.create(bare_pod(WorkloadRef("pod", "shop", "x")))), Gone)


@pytest.mark.parametrize(
    ("obj", "kind"),
    [
        ({"kind": "Pod"}, Refused),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}, Refused),
        ({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "x", "namespace": "shop"}}, Refused),
        (bare_pod(WorkloadRef("pod", "shop", "Web")), Refused),
        (bare_pod(WorkloadRef("pod", "shop", "x" * 254)), Refused),
        (bare_pod(WorkloadRef("pod", "nowhere", "x")), Gone),
        (namespace("shop"), AlreadyExists),
    ],
    ids=["no name", "no namespace", "unknown kind", "capitals", "too long", "no such namespace", "twice"],
)
def test_what_cannot_be_created_is_refused(practice: PracticeCluster, obj: dict[str, Any], kind: type) -> None:
    assert type(raised(lambda: practice.create(obj))) is kind


@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        ({"metadata": {"name": "other"}}, Refused),
        ({"metadata": {"uid": "other"}}, Conflict),
        ({"metadata": None}, Refused),
        ({"spec": {"selector": {"matchLabels": {"app": "other"}}}}, Refused),
        ({"metadata": {"labels": {"app": 1}}}, Refused),
    ],
)
def test_patches_that_an_api_server_refuses(
    practice: PracticeCluster, clock: Clock, patch: dict[str, Any], kind: type
) -> None:
    ref = made(practice, clock)
    before = practice.workload(ref)
    assert type(raised(lambda: practice.patch_workload(ref, patch))) is kind
    assert practice.workload(ref) == before


def test_what_the_server_owns_cannot_be_patched(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock)
    before = practice.workload(ref)
    practice.patch_workload(
        ref, {"status": {"readyReplicas": 9}, "kind": "Pod", "metadata": {"generation": 9, "creationTimestamp": None}}
    )
    assert practice.workload(ref) == before


def test_refusals_are_for_meshdesk_and_not_for_owners(practice: PracticeCluster, clock: Clock) -> None:
    ref = made(practice, clock)
    practice.set("refuse", {"deployment/shop/web": "frozen"})
    practice.set("unreachable", True)
    assert isinstance(raised(lambda: practice.workload(ref)), Transient)
    annotate(practice, ref, **{SKIP_INBOUND: "8080"})
    assert practice.get(ref)["metadata"]["generation"] == 2


def test_a_cluster_that_somebody_holds_too_long_is_transient(tmp_path: Path) -> None:
    path = tmp_path / "held.db"
    practice = PracticeCluster("held", path, timeout=0.1)
    with Store(path, timeout=1).transaction():
        error = raised(lambda: list(practice.namespaces()))
    assert isinstance(error, Transient)
    assert list(practice.namespaces()) == []


def test_a_file_that_went_away_is_transient_and_not_an_empty_cluster(tmp_path: Path) -> None:
    path = tmp_path / "gone.db"
    practice = PracticeCluster("gone", path)
    path.unlink()
    assert isinstance(raised(lambda: list(practice.namespaces())), Transient)
    assert not path.exists()


def test_some_other_file_is_no_practice_cluster(tmp_path: Path) -> None:
    (tmp_path / "other.db").write_text("something else, and quite long enough to have a header of its own\n" * 9)
    with pytest.raises(ConfigurationError, match="is not the file of a practice cluster"):
        PracticeCluster("other", tmp_path / "other.db")
    with pytest.raises(Transient):
        PracticeCluster("nowhere", tmp_path / "no" / "folder.db")


WRITER = """
import sys
from pathlib import Path
from portal.errors import Conflict
from portal.mesh.workloads import WorkloadRef
from workers.cluster.practice import PracticeCluster

practice, ref = PracticeCluster("practice", Path(sys.argv[1])), WorkloadRef("cronjob", "shop", "nightly")
written = 0
while written < 25:
    found = practice.workload(ref)
    number = int(found["metadata"].get("annotations", {}).get("number", "0")) + 1
    metadata = {"resourceVersion": found["metadata"]["resourceVersion"], "annotations": {"number": str(number)}}
    try:
        practice.patch_workload(ref, {"metadata": metadata})
        written += 1
    except Conflict:
        pass
"""


def test_several_processes_lose_no_write_of_each_other(practice: PracticeCluster, tmp_path: Path) -> None:
    ref = WorkloadRef("cronjob", "shop", "nightly")
    practice.create(cron_job(ref))
    command = [sys.executable, "-c", WRITER, str(tmp_path / "practice.db")]
    writers = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert practice.workload(ref)["metadata"]["annotations"]["number"] == "75"
