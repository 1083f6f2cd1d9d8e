"""The debug container on its whole way: looked at before, seen in every new pod, kept while somebody wants it, gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal.db import database_now
from portal.errors import Invalid, NotReady
from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND
from portal.mesh.workloads import DEBUG_CONTAINER, WorkloadRef
from portal.policy_store import apply_policy
from portal.states import State
from portal.tickets.asking import Ask
from tests.workers.desk import EMOJI, Desk
from workers.sweep import sweep

NAMESPACE = WorkloadRef("namespace", "", "emojivoto")
Object = dict[str, Any]


def ask(desk: Desk, *workloads: str, minutes: int | None = 30, renews: str | None = None) -> int:
    """A pending ticket for the debug container in these workloads of emojivoto; its number."""
    named = {"workloads": list(workloads or ("deployment/emoji",))}
    window = None if minutes is None else timedelta(minutes=minutes)
    return desk.submit(Ask("debug-sidecar", "practice", "emojivoto", "a test", window, named, renews))


def approved(desk: Desk, *workloads: str, renews: str | None = None) -> int:
    number = ask(desk, *workloads, renews=renews)
    desk.approve(number)
    return number


def active(desk: Desk, *workloads: str, renews: str | None = None) -> int:
    number = approved(desk, *workloads, renews=renews)
    desk.apply(number)
    assert desk.state(number) is State.ACTIVE, desk.problem(number)
    return number


def pods(desk: Desk, ref: WorkloadRef = EMOJI) -> dict[str, list[str]]:
    """The containers of the workload's pods, by uid."""
    found = desk.practice.pods(desk.object(ref))
    return {pod["metadata"]["uid"]: [one["name"] for one in pod["spec"]["containers"]] for pod in found}


def debugged(desk: Desk, ref: WorkloadRef = EMOJI) -> set[bool]:
    """Whether its pods have the debug container: one value where all are alike."""
    return {DEBUG_CONTAINER in containers for containers in pods(desk, ref).values()}


def look(desk: Desk, *workloads: str) -> list[tuple[str, str]]:
    """What a preflight finds, in order."""
    number = ask(desk, *workloads)
    desk.preflight(number)
    return [(one["severity"], one["code"]) for one in desk.evidence(number, "preflight")["findings"]]


def test_every_new_pod_has_it_and_none_at_the_end(desk: Desk) -> None:
    before, old = desk.object()["spec"], pods(desk)
    number = active(desk)
    assert desk.annotations() == {DEBUG_SIDECAR: "true"}
    assert debugged(desk) == {True}
    assert not old.keys() & pods(desk).keys()
    shown = [pod["containers"] for pod in desk.evidence(number, "applied")["targets"][0]["pods"]]
    assert len(shown) == 3
    assert all(DEBUG_CONTAINER in containers for containers in shown)
    desk.close(number)
    assert desk.state(number) is State.CLOSED, desk.problem(number)
    assert (debugged(desk), desk.object()["spec"], desk.mark()) == ({False}, before, None)
    [undone] = desk.evidence(number, "undone")["targets"]
    assert not any(DEBUG_CONTAINER in pod["containers"] for pod in undone["pods"])


def test_it_is_not_active_before_every_pod_has_it(desk: Desk) -> None:
    number = approved(desk)
    desk.practice.set("injector_down", True)
    desk.apply(number)
    assert desk.state(number) is State.APPLYING
    waiting = desk.ticket(number).progress["deployment/emoji"]["waiting"]
    assert waiting
    assert all("runs without" in sentence for sentence in waiting)
    desk.practice.set("injector_down", False)
    desk.edit({"example.com/rolled": "again"})
    desk.apply(number)
    assert (desk.state(number), debugged(desk)) == (State.ACTIVE, {True})


def test_its_end_is_due_by_itself(desk: Desk) -> None:
    number = active(desk)
    desk.run_out(number)
    sweep(desk.context)
    desk.deliver("meshdesk.undo")
    assert (desk.state(number), desk.ticket(number).outcome, debugged(desk)) == (State.CLOSED, "expired", {False})


def test_two_tickets_and_an_exception_on_one_workload_do_not_undo_each_other(desk: Desk) -> None:
    before = desk.object()["spec"]
    first = active(desk)
    exception = desk.active("7001")
    second = active(desk, "deployment/emoji", "deployment/voting")
    wanted = {DEBUG_SIDECAR: "true", SKIP_INBOUND: "4567-4568,7001"}
    assert desk.annotations() == wanted
    shown = pods(desk)
    desk.close(first)
    assert (desk.state(first), desk.annotations(), pods(desk)) == (State.CLOSED, wanted, shown)
    desk.close(exception)
    assert (desk.state(exception), desk.annotations(), debugged(desk)) == (
        State.CLOSED,
        {DEBUG_SIDECAR: "true"},
        {True},
    )
    desk.close(second)
    assert (desk.state(second), desk.object()["spec"], debugged(desk), desk.mark()) == (
        State.CLOSED,
        before,
        {False},
        None,
    )


@pytest.mark.parametrize("own", ["true", "1", "T"])
def test_an_owner_s_own_stays_and_nothing_restarts_for_the_ticket(desk: Desk, own: str) -> None:
    desk.edit({DEBUG_SIDECAR: own})
    before, running = desk.object()["spec"], pods(desk)
    assert ("info", "debug-already-there") in look(desk)
    desk.approve(1)
    desk.apply(1)
    assert (desk.state(1), desk.object()["spec"], pods(desk)) == (State.ACTIVE, before, running)
    desk.close(1)
    assert (desk.state(1), desk.object()["spec"], pods(desk)) == (State.CLOSED, before, running)


def test_what_the_owner_set_off_comes_back_as_it_was_spelt(desk: Desk) -> None:
    desk.edit({DEBUG_SIDECAR: "False"})
    before = desk.object()["spec"]
    number = active(desk)
    assert desk.annotations() == {DEBUG_SIDECAR: "true"}
    desk.close(number)
    assert (desk.state(number), desk.object()["spec"]) == (State.CLOSED, before)


def test_what_somebody_takes_out_is_told_and_not_put_back(desk: Desk) -> None:
    number = active(desk)
    desk.edit({DEBUG_SIDECAR: None})
    desk.look()
    assert (desk.state(number), desk.annotations(), debugged(desk)) == (State.ACTIVE, {}, {False})
    assert desk.problem(number).startswith(f"Somebody removed entries of MD-{number} from deployment/emoji")
    desk.reapply(number)
    desk.deliver("meshdesk.converge")
    assert (desk.annotations(), debugged(desk)) == ({DEBUG_SIDECAR: "true"}, {True})
    desk.close(number)
    assert (desk.state(number), desk.annotations()) == (State.CLOSED, {})


def test_a_renewal_keeps_the_container_without_a_restart(desk: Desk) -> None:
    first = active(desk)
    running = pods(desk)
    second = active(desk, renews=f"MD-{first}")
    desk.deliver("meshdesk.undo")
    assert (desk.state(first), desk.ticket(first).outcome) == (State.CLOSED, "replaced")
    assert (pods(desk), debugged(desk)) == (running, {True})
    desk.close(second)
    assert (desk.state(second), debugged(desk)) == (State.CLOSED, {False})


@pytest.mark.parametrize("workload", ["cronjob/nightly-report", "job/import-once"])
def test_jobs_are_refused_with_what_to_do_instead(desk: Desk, workload: str) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(desk, workload)
    assert list(refusal.value.errors) == ["fields.workloads.0"]
    [sentence] = refusal.value.errors["fields.workloads.0"]
    assert sentence.startswith("The debug container never ends, so the Job would never complete")
    assert "Deployment" in sentence


def quota(**hard: str) -> Object:
    metadata = {"name": "calm", "namespace": "emojivoto"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


def limit_range() -> Object:
    amounts = {"cpu": "100m", "memory": "64Mi"}
    item = {"type": "Container", "default": amounts, "defaultRequest": amounts}
    metadata = {"name": "defaults", "namespace": "emojivoto"}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": [item]}}


def enforce(desk: Desk, level: str | None) -> None:
    """Have the namespace enforce a Pod Security level, none any more by None."""
    label = {"pod-security.kubernetes.io/enforce": level}
    desk.practice.apply_as("kubectl", NAMESPACE, {"metadata": {"labels": label}})


def test_a_quota_that_would_refuse_the_pods_blocks_until_a_limit_range_gives_defaults(desk: Desk) -> None:
    desk.practice.create(quota(**{"requests.cpu": "4", "limits.memory": "4Gi"}))
    assert ("blocking", "quota-refuses") in look(desk)
    with pytest.raises(NotReady, match=r"requests\.cpu"):
        desk.decide(1, "partner")
    desk.practice.create(limit_range())
    desk.approve(1)
    found = {one["code"]: one["severity"] for one in desk.evidence(1, "preflight")["findings"]}
    assert "quota-refuses" not in found
    assert found["limit-range-default"] == "info"
    desk.apply(1)
    assert (desk.state(1), debugged(desk)) == (State.ACTIVE, {True})


@pytest.mark.parametrize(("level", "severity"), [("restricted", "blocking"), ("baseline", "info")])
def test_a_pod_security_level_is_found_where_the_namespace_enforces_it(desk: Desk, level: str, severity: str) -> None:
    enforce(desk, level)
    found = {code: weight for weight, code in look(desk)}
    code = {"restricted": "pod-security-refuses", "baseline": "pod-security-baseline"}[level]
    assert found[code] == severity
    assert desk.ticket(1).preflight_clean is (severity != "blocking")
    enforce(desk, None)
    desk.preflight(1)
    assert code not in [one["code"] for one in desk.evidence(1, "preflight")["findings"]]
    assert desk.ticket(1).preflight_clean


def test_a_workload_without_the_proxy_is_refused_with_why(desk: Desk) -> None:
    desk.edit({INJECT: "disabled"})
    assert ("blocking", "not-meshed") in look(desk)


@pytest.mark.parametrize("minutes", [None, 24 * 60 + 1])
def test_no_policy_lets_it_stay_for_more_than_a_day(desk: Desk, minutes: int | None) -> None:
    text = "version: 1\nrules:\n  - {name: all, automatic: true, longest: P90D, may_stand_without_end: true}\n"
    with desk.database.unit_of_work() as session:
        apply_policy(session, text, by="a test", now=database_now(session))
    with pytest.raises(Invalid) as refusal:
        ask(desk, minutes=minutes)
    assert "at most 1 day" in refusal.value.errors["duration"][0]
    assert desk.ticket(ask(desk, minutes=24 * 60)).rule == "all"
