"""The worlds that practice clusters start with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal.errors import ConfigurationError
from portal.mesh.annotations import INJECT, NATIVE_SIDECAR, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.jobs import why_kept
from portal.mesh.pods import pod_facts
from portal.mesh.rollouts import rollout_blockers, rollout_of
from portal.mesh.workloads import WorkloadRef, container_ports, template_annotations
from workers.cluster.practice import PracticeCluster
from workers.cluster.practice_world import seed


@pytest.fixture
def practice(tmp_path: Path) -> PracticeCluster:
    seed(tmp_path / "practice.db", "practice")
    return PracticeCluster("practice", tmp_path / "practice.db")


def test_three_tenants_have_their_workloads_running(practice: PracticeCluster) -> None:
    found = {WorkloadRef.of(obj): obj for obj in practice.workloads()}
    assert sorted(f"{ref.namespace} {ref}" for ref in found) == [
        "books deployment/catalogue",
        "books deployment/orders",
        "emojivoto cronjob/nightly-report",
        "emojivoto daemonset/node-agent",
        "emojivoto deployment/emoji",
        "emojivoto deployment/paused-thing",
        "emojivoto deployment/vote-bot",
        "emojivoto deployment/voting",
        "emojivoto deployment/web",
        "emojivoto job/import-once",
        "emojivoto statefulset/by-hand",
        "emojivoto statefulset/ledger",
        "payments deployment/gateway",
        "payments deployment/ledger-api",
    ]
    assert all(rollout_of(obj).complete for obj in found.values())
    assert {str(ref) for ref, obj in found.items() if rollout_blockers(obj)} == {
        "deployment/paused-thing",
        "statefulset/by-hand",
    }
    emoji = found[WorkloadRef("deployment", "emojivoto", "emoji")]
    assert (emoji["spec"]["replicas"], str(container_ports(emoji))) == (3, "8080,8801")


def test_what_pods_skip_comes_from_their_namespaces(practice: PracticeCluster) -> None:
    skips = {}
    for obj in practice.workloads():
        for facts in map(pod_facts, practice.pods(obj)):
            skips[obj["metadata"]["name"]] = (facts.meshed, facts.skip_inbound, facts.skip_outbound)
    assert skips["emoji"] == (True, "4567-4568", "4567-4568")
    assert skips["catalogue"] == (True, "3306", "4567-4568")
    assert skips["ledger-api"] == (True, "4567-4568", "5432,6379")
    assert skips["gateway"] == (False, None, None)
    annotations = {n: practice.namespace(n)["metadata"]["annotations"] for n in ("emojivoto", "books", "payments")}
    assert all(found[INJECT] == "enabled" for found in annotations.values())
    assert (annotations["books"][SKIP_INBOUND], annotations["payments"][SKIP_OUTBOUND]) == ("3306", "5432,6379")


def test_the_sandbox_has_namespaces_of_two_tenants(tmp_path: Path) -> None:
    seed(tmp_path / "sandbox.db", "practice-sandbox")
    sandbox = PracticeCluster("practice-sandbox", tmp_path / "sandbox.db")
    assert {ns["metadata"]["name"] for ns in sandbox.namespaces()} == {
        "kube-system",
        "linkerd",
        "emojivoto-dev",
        "books-dev",
    }


def test_the_sandbox_has_a_job_that_its_proxy_keeps_running(tmp_path: Path) -> None:
    seed(tmp_path / "sandbox.db", "practice-sandbox")
    sandbox = PracticeCluster("practice-sandbox", tmp_path / "sandbox.db")
    made = sandbox.workload(WorkloadRef("job", "emojivoto-dev", "import-once"))
    held, cause = why_kept(made, sandbox.pods(made), sandbox.mesh())
    assert "import-once" in held
    assert NATIVE_SIDECAR in cause
    report = sandbox.workload(WorkloadRef("cronjob", "emojivoto-dev", "nightly-report"))
    assert template_annotations(report)[NATIVE_SIDECAR] == "false"


def test_a_world_that_is_there_stays(practice: PracticeCluster, tmp_path: Path) -> None:
    ref = WorkloadRef("deployment", "emojivoto", "emoji")
    practice.apply_as("kubectl", ref, {"spec": {"replicas": 5}})
    seed(tmp_path / "practice.db", "practice")
    assert practice.workload(ref)["spec"]["replicas"] == 5


def test_several_may_seed_the_same_world_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "practice.db"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: seed(path, "practice"), range(4)))
    assert [entry.name for entry in path.parent.iterdir()] == ["practice.db"]
    assert len(list(PracticeCluster("practice", path).workloads())) == 14


def test_a_world_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="one of practice, practice-sandbox"):
        seed(tmp_path / "x.db", "moon")
    assert not (tmp_path / "x.db").exists()
