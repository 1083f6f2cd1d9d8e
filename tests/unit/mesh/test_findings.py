"""What preflight finds: reasons that block, what deserves a second look, and what a restart means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.mesh.annotations import (
    DEBUG_SIDECAR,
    INJECT,
    KEYS,
    NATIVE_SIDECAR,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    MeshDefaults,
)
from portal.mesh.findings import Finding, Severity
from portal.mesh.impact import workload_findings
from portal.mesh.ports import Ports
from portal.mesh.view import InventoryView, effective_report
from portal.mesh.want import Want
from tests.unit.mesh.objects import MESHED, container, cron_job, deployment, template, view, workload

SKIP = Want(skip_inbound=Ports.of(8080))
OFF = Want.of_setting(INJECT)
DEBUG, NATIVE = Want.of_setting(DEBUG_SIDECAR), Want.of_setting(NATIVE_SIDECAR)
BARE = {"metadata": {"name": "emojivoto", "annotations": {}}}


def found(seen: InventoryView, want: Want = SKIP) -> dict[str, Finding]:
    return {one.code: one for one in workload_findings(seen, want)}


def codes(seen: InventoryView, want: Want, severity: Severity) -> set[str]:
    return {code for code, one in found(seen, want).items() if one.severity is severity}


def annotated(**annotations: str) -> dict[str, Any]:
    keys = {"inbound": SKIP_INBOUND, "outbound": SKIP_OUTBOUND, "inject": INJECT}
    return deployment(pods=template(annotations={keys[name]: text for name, text in annotations.items()}))


def test_an_ordinary_workload_has_nothing_that_blocks() -> None:
    assert codes(view(), SKIP, Severity.BLOCKING) == set()
    assert codes(view(), SKIP, Severity.WARNING) == set()
    assert codes(view(), OFF, Severity.BLOCKING) == set()


@pytest.mark.parametrize(
    ("seen", "want", "code", "says"),
    [
        (view(namespace=BARE), SKIP, "not-meshed", "neither the namespace nor the pod"),
        (view(namespace=BARE), DEBUG, "not-meshed", "The debug container comes with the proxy only: mesh it first."),
        (view(namespace=BARE), NATIVE, "not-meshed", "nothing of the mesh keeps its pods running"),
        (view(annotated(inject="disabled")), SKIP, "not-meshed", "linkerd.io/inject:disabled"),
        (view(deployment(pods=template(hostNetwork=True))), SKIP, "not-meshed", "hostNetwork is enabled"),
        (view(webhook=None), SKIP, "not-meshed", "no webhook"),
        (view(annotated(inject="disabled")), OFF, "already-not-meshed", "not meshed"),
        (view(deployment(paused=True)), SKIP, "rollout-blocked", "paused"),
        (view(workload("DaemonSet", updateStrategy={"type": "OnDelete"})), OFF, "rollout-blocked", "OnDelete"),
        (view(workload("ReplicaSet")), SKIP, "kind-not-patchable", "replicaset/emoji cannot be changed"),
        (view(annotated(inbound="http")), SKIP, "present-value-unreadable", '"http" (pod template)'),
        (view(annotated(inbound="25, 26")), SKIP, "present-value-has-spaces", '"25, 26" (pod template)'),
    ],
)
def test_what_blocks_says_exactly_why(seen: InventoryView, want: Want, code: str, says: str) -> None:
    [blocking] = [one for one in workload_findings(seen, want) if one.severity is Severity.BLOCKING]
    assert blocking.code == code
    assert says in blocking.fact + blocking.meaning
    assert workload_findings(seen, want)[0] == blocking, "what blocks comes first"


def test_a_list_that_the_ticket_does_not_touch_may_be_unreadable() -> None:
    assert codes(view(annotated(outbound="http")), SKIP, Severity.BLOCKING) == set()


@pytest.mark.parametrize("want", [SKIP, OFF])
def test_a_workload_that_another_ticket_has_unmeshed_is_no_reason_to_refuse(want: Want) -> None:
    seen = view(annotated(inject="disabled"), others=OFF)
    assert codes(seen, want, Severity.BLOCKING) == set()
    assert "unmeshed-by-ticket" in codes(seen, want, Severity.WARNING)


@pytest.mark.parametrize(
    ("want", "says"),
    [
        (SKIP, None),
        (Want(skip_inbound=Ports.parse("8080,9000")), "exposes 9000"),
        (Want(skip_inbound=Ports.parse("8000-8100")), "exposes 8000-8079,8081-8100"),
        (Want(skip_outbound=Ports.of(9000)), None),
    ],
)
def test_an_inbound_port_that_no_container_exposes_is_a_warning(want: Want, says: str | None) -> None:
    one = found(view(), want).get("port-not-exposed")
    assert (one is None) if says is None else (one is not None and says in one.fact)
    assert one is None or one.severity is Severity.WARNING


def test_a_workload_that_declares_no_ports_says_so() -> None:
    seen = view(deployment(pods=template(container("app"))))
    assert "expose no ports" in found(seen)["port-not-exposed"].fact


@pytest.mark.parametrize(
    ("seen", "kept"),
    [
        (view(), "4567,4568"),
        (view(annotated(inbound="25")), None),
        (view(defaults=MeshDefaults(skip_inbound="")), None),
    ],
)
def test_an_inherited_list_that_is_written_along_is_said(seen: InventoryView, kept: str | None) -> None:
    one = found(seen).get("inherited-list-kept")
    assert (one is None) if kept is None else (one is not None and kept in one.fact)


def test_ports_that_are_skipped_already_are_said() -> None:
    one = found(view(annotated(inbound="8080")))["already-skipped"]
    assert one.severity is Severity.INFO
    assert "8080" in one.fact


@pytest.mark.parametrize(
    ("obj", "fact", "warnings"),
    [
        (deployment(), "3 pods restart, one by one.", set()),
        (deployment(replicas=8), "8 pods restart, at most 4 at a time.", set()),
        (deployment(replicas=None), "1 pod restarts, one by one.", {"single-replica"}),
        (deployment(replicas=1), "1 pod restarts, one by one.", {"single-replica"}),
        (deployment(strategy={"type": "Recreate"}), "3 pods restart, all at once.", {"recreate"}),
        (
            deployment(strategy={"rollingUpdate": {"maxSurge": 2, "maxUnavailable": "50%"}}),
            "3 pods restart, at most 3 at a time.",
            set(),
        ),
        (workload("StatefulSet"), "3 pods restart, one by one.", set()),
        (workload("StatefulSet", replicas=1), "1 pod restarts, one by one.", {"single-replica"}),
        (workload("DaemonSet"), "One pod a node restarts.", set()),
    ],
)
def test_the_restart_is_told(obj: dict[str, Any], fact: str, warnings: set[str]) -> None:
    assert found(view(obj))["pods-restart"].fact == fact
    assert codes(view(obj), SKIP, Severity.WARNING) == warnings


def test_a_setting_that_is_there_already_restarts_nothing() -> None:
    inherited = {**MESHED, "metadata": {**MESHED["metadata"], "annotations": {INJECT: "enabled", DEBUG_SIDECAR: "1"}}}
    own = deployment(pods=template(annotations={DEBUG_SIDECAR: "T"}))
    assert "pods-restart" in found(view(), DEBUG)
    assert "pods-restart" not in found(view(own), DEBUG)
    assert "pods-restart" not in found(view(namespace=inherited), DEBUG)
    assert "pods-restart" in found(view(own), DEBUG | SKIP)


def test_a_workload_without_pods_and_a_cron_job_restart_nothing() -> None:
    assert "no-pods" in found(view(deployment(replicas=0)))
    assert "pods-restart" not in found(view(deployment(replicas=0)))
    assert "future-runs-only" in found(view(cron_job()))
    assert "pods-restart" not in found(view(cron_job()))


@pytest.mark.parametrize(
    ("selector", "covers"),
    [
        ({"matchLabels": {"app": "emoji"}}, True),
        ({}, True),
        ({"matchLabels": {"app": "voting"}}, False),
        (None, False),
    ],
)
def test_a_disruption_budget_that_covers_the_pods_is_said(selector: dict[str, Any] | None, covers: bool) -> None:
    budget = {"metadata": {"name": "calm"}, "spec": {"selector": selector, "minAvailable": 2}}
    assert ("disruption-budget" in found(view(budgets=(budget,)))) is covers


def test_skipping_says_what_it_costs_and_what_to_prefer() -> None:
    both = Want(Ports.parse("8080-8081"), Ports.of(25))
    assert (
        found(view(), both)["skipped-is-unseen"].fact
        == "Traffic on inbound 8080-8081 and outbound 25 passes the proxy by."
    )
    assert "prefer-opaque-ports" in found(view(), both)
    assert "prefer-opaque-ports" not in found(view(), OFF)


def test_findings_are_json_with_their_target() -> None:
    for one in workload_findings(view(), SKIP):
        assert json.loads(json.dumps(one.to_json()))["target"] == "deployment/emoji"
        assert one.to_json()["severity"] in ("blocking", "warning", "info")


def test_the_effective_report_says_what_counts_and_where_from() -> None:
    report = effective_report(annotated(outbound=""), MESHED, MeshDefaults(native_sidecar=True))
    assert sorted(report) == sorted(KEYS)
    assert {key: report[key] for key in (SKIP_INBOUND, SKIP_OUTBOUND, INJECT, DEBUG_SIDECAR, NATIVE_SIDECAR)} == {
        SKIP_INBOUND: {"value": "4567,4568", "source": "control plane default"},
        SKIP_OUTBOUND: {"value": "", "source": "pod template"},
        INJECT: {"value": "enabled", "source": "namespace"},
        DEBUG_SIDECAR: {"value": "false", "source": "control plane default"},
        NATIVE_SIDECAR: {"value": "true", "source": "control plane default"},
    }
