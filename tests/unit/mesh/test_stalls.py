"""Why rollouts hang: what pods and conditions say, and that nothing moves for too long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.mesh.rollouts import rollout_of
from portal.mesh.stalls import PATIENCE, followed, stalled_in, stalls
from tests.unit.mesh.objects import workload

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SEEN = {"desired": 3, "updated": 1, "ready": 3, "complete": False, "stalled": None, "waiting": ["pod old still skips"]}


def deployment(*conditions: dict[str, Any], **status: Any) -> dict[str, Any]:
    obj = workload("Deployment", replicas=3)
    obj["metadata"]["generation"] = 2
    obj["status"] = {"observedGeneration": 2, "replicas": 3, **status, "conditions": list(conditions)}
    return obj


def pod(name: str, *, waiting: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    state = {"waiting": waiting} if waiting else {"running": {}}
    status = {"containerStatuses": [{"name": "app", "state": state}], **more}
    return {"metadata": {"name": name}, "status": status}


def why(obj: dict[str, Any], *pods: dict[str, Any]) -> str:
    return " ".join(stalls(obj, pods, rollout_of(obj), NOW))


def test_pods_that_a_quota_refuses_are_told_with_the_quota() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": 'pods "a" is forbidden: exceeded quota: small.'}
    told = why(deployment(failure))
    assert told.startswith('New pods cannot be created: pods "a" is forbidden: exceeded quota: small. Mend that')


def test_a_pod_without_a_node_is_told_after_a_minute() -> None:
    def unscheduled(age: timedelta) -> dict[str, Any]:
        at = (NOW - age).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": at}
        return pod("new", conditions=[{**condition, "message": "0/3 nodes are available: 3 Insufficient cpu."}])

    assert why(deployment(), unscheduled(timedelta(seconds=30))) == ""
    told = why(deployment(), unscheduled(timedelta(minutes=2)), unscheduled(timedelta(minutes=3)))
    assert told.startswith("Pod new and of 1 more finds no node: 0/3 nodes are available: 3 Insufficient cpu. Make")


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (
            {"reason": "CrashLoopBackOff"},
            "keeps ending (CrashLoopBackOff): its log says why: kubectl logs new -c app",
        ),
        (
            {"reason": "ImagePullBackOff", "message": "no tag"},
            "cannot be started (ImagePullBackOff): no tag.",
        ),
        ({"reason": "CreateContainerConfigError", "message": "no secret"}, "cannot be started (CreateContainerConfig"),
    ],
)
def test_a_container_that_does_not_run_is_named(waiting: dict[str, str], expected: str) -> None:
    assert f"Container app of pod new {expected}" in why(deployment(), pod("new", waiting=waiting))


def test_what_is_on_its_way_is_no_stall() -> None:
    starting = pod("new", waiting={"reason": "ContainerCreating"})
    ending = pod("old", waiting={"reason": "CrashLoopBackOff"})
    ending["metadata"]["deletionTimestamp"] = "2026-11-28T11:59:00Z"
    assert why(deployment(), starting, ending) == ""
    complete = deployment(updatedReplicas=3, readyReplicas=3, availableReplicas=3)
    assert why(complete, pod("other", waiting={"reason": "CrashLoopBackOff"})) == ""


def test_the_deadline_counts_where_nothing_more_exact_is_known() -> None:
    late = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    assert "progress deadline" in why(deployment(late))
    assert "progress deadline" not in why(deployment(late), pod("new", waiting={"reason": "CrashLoopBackOff"}))


def test_nothing_that_moves_for_too_long_is_a_stall_until_something_does() -> None:
    first = followed({}, SEEN, phase="applying", now=NOW)
    assert stalled_in({"deployment/emoji": first}, "applying") == {}
    soon = followed(first, SEEN, phase="applying", now=NOW + PATIENCE - timedelta(seconds=1))
    assert soon["stalled"] is None
    late = followed(soon, SEEN, phase="applying", now=NOW + PATIENCE)
    assert late["stalled"].startswith("Nothing has moved for 10 minutes (pod old still skips): look at the pods")
    assert stalled_in({"deployment/emoji": late}, "applying").keys() == {"deployment/emoji"}
    moved = followed(late, {**SEEN, "updated": 2}, phase="applying", now=NOW + 2 * PATIENCE)
    assert moved["stalled"] is None


def test_a_container_that_crashes_now_and_then_stays_told_until_the_counts_move() -> None:
    crashed = followed({}, {**SEEN, "stalled": "it crashes"}, phase="applying", now=NOW)
    assert followed(crashed, SEEN, phase="applying", now=NOW)["stalled"] == "it crashes"
    assert followed(crashed, {**SEEN, "ready": 4}, phase="applying", now=NOW)["stalled"] is None


def test_the_undo_counts_from_its_own_beginning() -> None:
    applied = followed({}, {**SEEN, "stalled": "it crashes"}, phase="applying", now=NOW)
    undone = followed(applied, SEEN, phase="reverting", now=NOW + PATIENCE)
    assert undone["stalled"] is None
    assert undone["moved_at"] == (NOW + PATIENCE).isoformat()
    assert stalled_in({"deployment/emoji": applied}, "reverting") == {}


def test_pods_of_jobs_may_take_their_time() -> None:
    running = {"desired": 0, "updated": 0, "ready": 0, "complete": True, "waiting": ["pod a still skips"]}
    first = followed({}, running, phase="reverting", now=NOW)
    assert followed(first, running, phase="reverting", now=NOW + 10 * PATIENCE)["stalled"] is None
