"""Rollouts as status tells them, and what keeps a change from ever reaching pods."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.rollouts import Rollout, rollout_blockers, rollout_of
from tests.unit.mesh.objects import cron_job, deployment, workload


def with_status(kind: str, *, generation: int = 2, wanted: int | None = 3, **status: Any) -> dict[str, Any]:
    obj = workload(kind, replicas=wanted)
    obj["metadata"]["generation"] = generation
    obj["status"] = {"observedGeneration": 2, **status}
    return obj


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}, Rollout(3, 3, 3, True)),
        ({"replicas": 4, "updatedReplicas": 3, "readyReplicas": 4, "availableReplicas": 4}, Rollout(3, 3, 4, False)),
        ({"replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3}, Rollout(3, 1, 3, False)),
        ({"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 2}, Rollout(3, 3, 3, False)),
        ({}, Rollout(3, 0, 0, False)),
    ],
)
def test_a_deployment_is_done_when_all_its_pods_are_new_and_available(
    status: dict[str, int], expected: Rollout
) -> None:
    assert rollout_of(with_status("Deployment", **status)) == expected


def test_counts_of_a_generation_that_was_not_observed_do_not_count() -> None:
    status = {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}
    assert rollout_of(with_status("Deployment", generation=3, **status)) == Rollout(3, 0, 3, False)


def test_a_deployment_scaled_to_nothing_is_done() -> None:
    assert rollout_of(with_status("Deployment", wanted=0)) == Rollout(0, 0, 0, True)
    assert rollout_of(with_status("Deployment", wanted=None)).desired == 1


def test_a_deployment_that_hangs_says_so_and_how_to_go_on() -> None:
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    hanging = rollout_of(with_status("Deployment", replicas=3, conditions=conditions, updatedReplicas=1))
    assert not hanging.complete
    assert "look at their events" in str(hanging.stalled)
    assert rollout_of(with_status("Deployment", generation=3, conditions=conditions)).stalled is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "currentRevision": "b", "updateRevision": "b"},
            Rollout(3, 3, 3, True),
        ),
        (
            {"replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "currentRevision": "a", "updateRevision": "b"},
            Rollout(3, 3, 3, False),
        ),
        (
            {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2, "currentRevision": "a", "updateRevision": "b"},
            Rollout(3, 1, 2, False),
        ),
        ({"replicas": 3, "readyReplicas": 3, "currentRevision": "b", "updateRevision": "b"}, Rollout(3, 3, 3, True)),
    ],
)
def test_a_stateful_set_is_done_when_its_revision_is_the_new_one(status: dict[str, Any], expected: Rollout) -> None:
    assert rollout_of(with_status("StatefulSet", **status)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 2, "numberAvailable": 2},
            Rollout(2, 2, 2, True),
        ),
        (
            {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1, "numberReady": 2, "numberAvailable": 2},
            Rollout(2, 1, 2, False),
        ),
        ({"desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberReady": 1}, Rollout(2, 2, 1, False)),
    ],
)
def test_a_daemon_set_counts_nodes(status: dict[str, int], expected: Rollout) -> None:
    assert rollout_of(with_status("DaemonSet", **status)) == expected


def test_a_cron_job_is_done_when_it_is_read() -> None:
    assert rollout_of(cron_job()) == Rollout(0, 0, 0, complete=True)


OWNED = [{"kind": "Rollout", "name": "emoji", "controller": True}]


@pytest.mark.parametrize(
    ("obj", "says"),
    [
        (workload("DaemonSet", updateStrategy={"type": "OnDelete"}), "OnDelete"),
        (workload("StatefulSet", updateStrategy={"type": "OnDelete"}), "OnDelete"),
        (workload("StatefulSet", updateStrategy={"rollingUpdate": {"partition": 2}}), "partition 2"),
        (deployment(paused=True), "paused: resume it"),
        ({**deployment(), "metadata": {"name": "x", "ownerReferences": OWNED}}, "Rollout emoji controls"),
        ({**deployment(), "metadata": {"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}}, "being deleted"),
    ],
)
def test_what_holds_a_change_back_is_said(obj: dict[str, Any], says: str) -> None:
    [sentence] = rollout_blockers(obj)
    assert says in sentence


@pytest.mark.parametrize(
    "obj",
    [
        deployment(),
        cron_job(),
        workload("StatefulSet", updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
        {**deployment(), "metadata": {"name": "x", "ownerReferences": [{"kind": "ConfigMap", "name": "c"}]}},
    ],
)
def test_ordinary_workloads_have_nothing_in_the_way(obj: dict[str, Any]) -> None:
    assert rollout_blockers(obj) == []
