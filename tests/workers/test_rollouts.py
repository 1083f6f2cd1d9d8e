"""Workloads whose change would never be seen, or is seen elsewhere: blockers before and after the write, CronJobs."""

from __future__ import annotations

from typing import Any

import pytest

from portal.errors import Invalid, NotReady
from portal.mesh.annotations import SKIP_INBOUND
from portal.mesh.workloads import WorkloadRef
from portal.states import State
from tests.workers.desk import EMOJI, Desk
from workers.cluster.practice_pods import FINISHED
from workers.cluster.practice_world import job, template, workload

REPORT = WorkloadRef("cronjob", "emojivoto", "nightly-report")
LEDGER = WorkloadRef("statefulset", "emojivoto", "ledger")


def blocked(desk: Desk, name: str) -> list[str]:
    """What blocks a ticket for this workload, which nobody can approve."""
    number = desk.ask("7001", workload=name)
    desk.preflight(number)
    with pytest.raises(NotReady):
        desk.decide(number, "partner")
    found = desk.evidence(number, "preflight")["findings"]
    return [one["fact"] for one in found if one["severity"] == "blocking"]


def owned(desk: Desk, obj: dict[str, Any], owner: WorkloadRef) -> dict[str, Any]:
    """The object as one that the owner controls."""
    above = desk.practice.get(owner)
    reference = {"apiVersion": above["apiVersion"], "kind": above["kind"], "name": owner.name, "controller": True}
    obj["metadata"]["ownerReferences"] = [{**reference, "uid": above["metadata"]["uid"]}]
    return obj


def test_a_paused_deployment_is_a_blocking_finding(desk: Desk) -> None:
    assert any("rollout is paused: resume it" in fact for fact in blocked(desk, "deployment/paused-thing"))


def test_a_stateful_set_that_rolls_on_delete_is_a_blocking_finding(desk: Desk) -> None:
    assert any("updateStrategy is OnDelete" in fact for fact in blocked(desk, "statefulset/by-hand"))


def test_a_stateful_set_with_a_partition_is_a_blocking_finding(desk: Desk) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    desk.practice.apply_as("kubectl", LEDGER, {"spec": {"updateStrategy": strategy}})
    assert any("partition 1" in fact for fact in blocked(desk, "statefulset/ledger"))


def test_a_deployment_that_a_controller_owns_is_a_blocking_finding(desk: Desk) -> None:
    desk.practice.create(owned(desk, workload("Deployment", "emojivoto", template("made", (8080,))), LEDGER))
    desk.look()
    assert any("StatefulSet ledger controls this workload" in fact for fact in blocked(desk, "deployment/made"))


@pytest.mark.parametrize("name", ["replicaset/lonely", "job/import-once", "pod/shell"])
def test_what_does_not_roll_is_refused_with_what_to_do_instead(desk: Desk, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        desk.ask("7001", workload=name)
    assert "ask for" in refusal.value.sentence


def test_a_deployment_that_is_paused_after_the_approval_fails_unwritten(desk: Desk) -> None:
    number = desk.approved("7001")
    desk.practice.apply_as("kubectl-rollout", EMOJI, {"spec": {"paused": True}})
    desk.apply(number)
    assert desk.state(number) is State.FAILED
    assert "rollout is paused: resume it" in desk.problem(number)
    assert desk.annotations() == {}


def test_a_rollout_that_is_paused_on_the_way_in_says_so(desk: Desk) -> None:
    number = desk.approved("7001")
    desk.practice.set("roll_seconds_per_pod", 3600)
    desk.apply(number)
    desk.practice.apply_as("kubectl-rollout", EMOJI, {"spec": {"paused": True}})
    desk.apply(number)
    for _ in range(2):
        assert desk.state(number) is State.APPLYING
        assert "deployment/emoji: The Deployment's rollout is paused: resume it" in desk.problem(number)
        desk.look()


def test_a_rollout_that_is_paused_on_the_way_out_says_so_and_closes_when_resumed(desk: Desk) -> None:
    number = desk.active("7001")
    desk.practice.apply_as("kubectl-rollout", EMOJI, {"spec": {"paused": True}})
    desk.close(number)
    assert desk.state(number) is State.REVERTING
    assert "deployment/emoji: The Deployment's rollout is paused: resume it" in desk.problem(number)
    assert desk.annotations() == {}
    desk.practice.apply_as("kubectl-rollout", EMOJI, {"spec": {"paused": False}})
    desk.undo(number)
    assert (desk.state(number), desk.problem(number)) == (State.CLOSED, "")


@pytest.mark.parametrize("name", ["statefulset/ledger", "daemonset/node-agent"])
def test_other_kinds_that_roll_go_all_the_way(desk: Desk, name: str) -> None:
    ref = WorkloadRef.parse(name, "emojivoto")
    number = desk.active("7001", workload=name)
    assert desk.annotations(ref)[SKIP_INBOUND] == "4567-4568,7001"
    desk.close(number)
    for _ in range(5):
        desk.undo(number)
    assert (desk.state(number), desk.annotations(ref)) == (State.CLOSED, {})


def test_a_cron_job_is_active_when_its_template_is_read_back_and_its_running_job_delays_the_close(desk: Desk) -> None:
    desk.practice.create(owned(desk, job("emojivoto", "nightly-report-1"), REPORT))
    number = desk.active("7001", workload="cronjob/nightly-report")
    assert desk.annotations(REPORT)[SKIP_INBOUND] == "4567-4568,7001"
    made = job("emojivoto", "nightly-report-2")
    made["spec"]["template"]["metadata"]["annotations"] = desk.annotations(REPORT)
    desk.practice.create(owned(desk, made, REPORT))
    desk.close(number)
    assert desk.annotations(REPORT) == {}
    assert desk.state(number) is State.REVERTING
    waiting = desk.ticket(number).progress["cronjob/nightly-report"]["waiting"]
    assert len(waiting) == 1
    assert "still skips inbound 4567-4568,7001 instead of 4567-4568" in waiting[0]
    second = WorkloadRef("job", "emojivoto", "nightly-report-2")
    desk.practice.apply_as("kubectl", second, {"metadata": {"annotations": {FINISHED: "true"}}})
    desk.undo(number)
    assert desk.state(number) is State.CLOSED
