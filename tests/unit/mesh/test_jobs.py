"""Jobs that the mesh keeps open: which pods, why, and which way out fits which version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.mesh.annotations import (
    ADMIN_SHUTDOWN,
    DEBUG_SIDECAR,
    INJECT,
    NATIVE_SIDECAR,
    NATIVE_SIDECAR_ALPHA,
    NATIVE_SIDECAR_BETA,
    MeshDefaults,
)
from portal.mesh.job_ways import NATIVE, NO_PROXY, SHUTDOWN, Way, offers, way_named
from portal.mesh.jobs import held_open, unpatchable_job, why_kept
from tests.unit.mesh.job_objects import ENDED, RUNNING, Object, cron, ended, job, pod

MESHED = {INJECT: "enabled"}


def mesh(version: str | None, *, native: bool = False, kubernetes: str | None = "1.31.2", **more: Any) -> MeshDefaults:
    return MeshDefaults(version=version, native_sidecar=native, kubernetes=kubernetes, **more)


def ways(obj: Object, defaults: MeshDefaults, around: dict[str, str] | None = None) -> dict[str, Way]:
    return {way.name: way for way in offers(obj, defaults, MESHED if around is None else around)}


def test_a_finished_pod_whose_proxy_runs_on_is_held_open() -> None:
    held = held_open(pod(("linkerd-proxy", RUNNING), ("app", ended(at="2026-03-01T10:00:01Z")), ("two", ended())))
    assert held is not None
    assert (held.pod, held.job, held.since, held.by) == ("report-abc", "report", ENDED, ("linkerd-proxy",))
    assert str(held) == f"Pod report-abc of job/report finished at {ENDED} and is kept running by linkerd-proxy."


def test_the_debug_container_holds_a_pod_also_beside_a_native_sidecar() -> None:
    native = ({"name": "linkerd-proxy", "restartPolicy": "Always"},)
    held = held_open(pod(("app", ended()), ("linkerd-debug", RUNNING), init=native))
    assert held is not None
    assert held.by == ("linkerd-debug",)
    both = held_open(pod(("linkerd-proxy", RUNNING), ("app", ended(1)), ("linkerd-debug", RUNNING)))
    assert both is not None
    assert both.by == ("linkerd-proxy", "linkerd-debug")


@pytest.mark.parametrize(
    "other",
    [
        pod(("linkerd-proxy", RUNNING), ("app", RUNNING)),
        pod(("linkerd-proxy", RUNNING), ("app", ended()), ("two", RUNNING)),
        pod(("linkerd-proxy", RUNNING), ("app", {"waiting": {"reason": "CrashLoopBackOff"}})),
        pod(("linkerd-proxy", RUNNING), ("app", ended(1)), restartPolicy="OnFailure"),
        pod(("linkerd-proxy", ended()), ("app", ended()), phase="Succeeded"),
        pod(("linkerd-proxy", ended()), ("app", ended())),
        pod(("app", ended()), init=({"name": "linkerd-proxy", "restartPolicy": "Always"},)),
        pod(("linkerd-proxy", RUNNING)),
        {"kind": "Pod", "metadata": {"name": "bare"}, "spec": {}},
    ],
)
def test_other_pods_are_not_held_open(other: Object) -> None:
    assert held_open(other) is None


def test_pods_of_other_owners_and_pods_that_go_are_not_held_open() -> None:
    one = pod(("linkerd-proxy", RUNNING), ("app", ended()))
    assert held_open({**one, "metadata": {**one["metadata"], "deletionTimestamp": ENDED}}) is None
    assert (
        held_open({**one, "metadata": {**one["metadata"], "ownerReferences": [{"kind": "ReplicaSet", "name": "x"}]}})
        is None
    )
    succeeded = pod(("linkerd-proxy", RUNNING), ("app", ended(0)), restartPolicy="OnFailure")
    assert held_open(succeeded) is not None


@pytest.mark.parametrize(
    ("defaults", "annotations", "says"),
    [
        (mesh("stable-2.14.10"), None, "Linkerd stable-2.14.10 knows no native sidecars"),
        (mesh("edge-26.6.3"), None, "native sidecars are off in this cluster's Linkerd"),
        (mesh("edge-26.6.3", native=True), {NATIVE_SIDECAR: "false"}, f'{NATIVE_SIDECAR} is "false" (pod template)'),
        (mesh("edge-26.6.3", native=True), None, "these were made before that"),
        (mesh("edge-24.8.2", kubernetes="1.28.4"), None, "Kubernetes 1.28.4 has no native sidecars"),
        (mesh("odd"), None, "not guessed"),
        (mesh(None), None, "not guessed"),
    ],
)
def test_why_they_are_kept_is_said(defaults: MeshDefaults, annotations: dict[str, str] | None, says: str) -> None:
    held = pod(("linkerd-proxy", RUNNING), ("app", ended()))
    [which, why] = why_kept(job(annotations=annotations), [held, pod(("app", RUNNING))], defaults)
    assert "report-abc" in which
    assert says in why
    assert why.endswith(".")


def test_what_the_namespace_says_is_a_reason_too() -> None:
    held = pod(("linkerd-proxy", RUNNING), ("app", ended()), ("linkerd-debug", RUNNING))
    around = {NATIVE_SIDECAR: "0"}
    sentences = why_kept(job(), [held], mesh("edge-26.6.3", native=True), around)
    assert any("debug container never ends" in sentence for sentence in sentences)
    assert any(f'{NATIVE_SIDECAR} is "0" (namespace)' in sentence for sentence in sentences)
    assert why_kept(job(), [], mesh("edge-26.6.3")) == []


@pytest.mark.parametrize(
    ("version", "native", "shutdown"),
    [
        ("stable-2.9.4", None, None),
        ("stable-2.10.0", None, frozenset()),
        ("stable-2.14.10", None, frozenset()),
        ("edge-23.11.3", None, frozenset()),
        ("edge-23.11.4", NATIVE_SIDECAR_ALPHA, frozenset()),
        ("2.15.2", NATIVE_SIDECAR_ALPHA, frozenset()),
        ("edge-24.6.1", NATIVE_SIDECAR_ALPHA, frozenset()),
        ("edge-24.6.2", NATIVE_SIDECAR_ALPHA, {ADMIN_SHUTDOWN}),
        ("enterprise-2.18.1", NATIVE_SIDECAR_ALPHA, {ADMIN_SHUTDOWN}),
        ("edge-25.10.2", NATIVE_SIDECAR_BETA, {ADMIN_SHUTDOWN}),
        ("2.19.0", NATIVE_SIDECAR_BETA, {ADMIN_SHUTDOWN}),
        ("edge-26.5.2", NATIVE_SIDECAR, {ADMIN_SHUTDOWN}),
        ("version-2.20", NATIVE_SIDECAR, {ADMIN_SHUTDOWN}),
        ("odd", None, None),
        (None, None, None),
    ],
)
@pytest.mark.parametrize("obj", [job(), cron()])
def test_each_version_is_offered_what_it_has(
    obj: Object, version: str | None, native: str | None, shutdown: frozenset[str] | None
) -> None:
    offered = ways(obj, mesh(version))
    assert list(offered) == [NATIVE, SHUTDOWN, NO_PROXY]
    assert offered[NATIVE].fits is (native is not None)
    assert offered[NATIVE].settings == ({native} if native else set())
    assert offered[SHUTDOWN].fits is (shutdown is not None)
    assert offered[SHUTDOWN].settings == (shutdown or set())
    assert offered[NO_PROXY].fits
    assert offered[NO_PROXY].settings == {INJECT}
    json.dumps([way.to_json() for way in offered.values()])


@pytest.mark.parametrize(
    ("kubernetes", "says"), [("1.28.9", "would never start"), (None, 'version "nothing"'), ("odd", 'version "odd"')]
)
def test_native_sidecars_need_a_kubernetes_that_has_them(kubernetes: str | None, says: str) -> None:
    way = ways(job(), mesh("edge-26.6.3", kubernetes=kubernetes))[NATIVE]
    assert not way.fits
    assert says in way.why


def test_where_new_pods_are_native_already_there_is_nothing_to_set() -> None:
    offered = ways(job(), mesh("edge-26.6.3", native=True))
    assert not offered[NATIVE].fits
    assert "already" in offered[NATIVE].why
    assert not offered[SHUTDOWN].fits
    switched_off = ways(job(annotations={NATIVE_SIDECAR: "false"}), mesh("edge-26.6.3", native=True))
    assert switched_off[NATIVE].settings == {NATIVE_SIDECAR}
    assert switched_off[SHUTDOWN].fits


@pytest.mark.parametrize(
    ("annotations", "around", "admin", "settings"),
    [
        ({ADMIN_SHUTDOWN: "enabled"}, {}, False, set()),
        ({}, {ADMIN_SHUTDOWN: "enabled"}, False, set()),
        ({}, {}, True, set()),
        ({ADMIN_SHUTDOWN: "disabled"}, {}, True, {ADMIN_SHUTDOWN}),
    ],
)
def test_an_endpoint_that_is_on_needs_no_annotation(
    annotations: dict[str, str], around: dict[str, str], admin: bool, settings: set[str]
) -> None:
    way = ways(job(annotations=annotations), mesh("edge-26.6.3", admin_shutdown=admin), {**MESHED, **around})[SHUTDOWN]
    assert way.fits
    assert way.settings == settings


@pytest.mark.parametrize(("annotations", "around"), [({DEBUG_SIDECAR: "true"}, {}), ({}, {DEBUG_SIDECAR: "1"})])
def test_nothing_but_no_proxy_ends_a_pod_with_the_debug_container(
    annotations: dict[str, str], around: dict[str, str]
) -> None:
    offered = ways(job(annotations=annotations), mesh("edge-26.6.3"), {**MESHED, **around})
    assert [way.fits for way in offered.values()] == [False, False, True]
    assert "debug container" in offered[NATIVE].why


def test_without_injection_no_proxy_is_nothing_to_ask_for() -> None:
    assert not ways(job(), mesh("edge-26.6.3"), {})[NO_PROXY].fits
    assert not ways(job(annotations={INJECT: "disabled"}), mesh("edge-26.6.3"))[NO_PROXY].fits


def test_a_way_is_taken_by_its_name_or_refused_with_the_reason() -> None:
    offered = offers(job(), mesh("stable-2.14.10"), MESHED)
    assert way_named(SHUTDOWN, offered).fits
    with pytest.raises(ValueError, match="knows no native sidecars"):
        way_named(NATIVE, offered)
    with pytest.raises(ValueError, match="choose native-sidecar, shutdown, no-proxy"):
        way_named("magic", offered)


def test_cronjobs_and_suspended_jobs_that_never_started_can_be_patched() -> None:
    assert unpatchable_job(cron()) is None
    assert unpatchable_job(job(suspend=True, status={})) is None
    assert unpatchable_job(job(suspend=True, status={"conditions": [{"type": "Suspended"}]})) is None


@pytest.mark.parametrize("obj", [job(), job(suspend=True), job(suspend=False, status={}), job(status={})])
def test_other_jobs_are_created_again(obj: Object) -> None:
    reason = unpatchable_job(obj)
    assert reason is not None
    assert "create the corrected manifest" in reason


def test_for_a_job_of_a_cronjob_the_cronjob_is_named() -> None:
    one = job()
    one["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "nightly"}]
    assert "cronjob/nightly" in (unpatchable_job(one) or "")
