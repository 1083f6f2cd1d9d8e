"""What a pod shows: whether it runs, whether it is meshed, and which ports its traffic rules skip."""

from __future__ import annotations

import json
from typing import Any

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.pods import pod_facts

PROXY = {"name": "linkerd-proxy", "restartPolicy": "Always"}
LABEL = {"linkerd.io/control-plane-ns": "linkerd"}


def pod(*init: dict[str, Any], phase: str = "Running", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "emoji-1", "uid": "p1", "labels": LABEL, **metadata},
        "spec": {"initContainers": [*init, PROXY], "containers": [{"name": "app"}]},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def init(*args: str) -> dict[str, Any]:
    return {"name": "linkerd-init", "args": list(args)}


@pytest.mark.parametrize(
    ("args", "inbound", "outbound"),
    [
        (("--inbound-ports-to-ignore", "4190,4191,8080"), "8080", ""),
        (("--inbound-ports-to-ignore", "4190,4191", "--outbound-ports-to-ignore", "25,26"), "", "25-26"),
        (("--inbound-ports-to-ignore=4190-4191,9000-9010",), "9000-9010", ""),
        (("--inbound-ports-to-ignore", "4190,4191, http"), "4190,4191, http", ""),
        (("--inbound-ports-to-ignore",), "", ""),
        ((), "", ""),
    ],
)
def test_the_arguments_of_the_init_container_are_the_rules(args: tuple[str, ...], inbound: str, outbound: str) -> None:
    facts = pod_facts(pod(init(*args), annotations={SKIP_INBOUND: "1", SKIP_OUTBOUND: "2"}))
    assert (facts.skip_inbound, facts.skip_outbound) == (inbound, outbound)


def test_without_the_init_container_the_annotations_tell() -> None:
    facts = pod_facts(pod(annotations={SKIP_INBOUND: "8081,8080"}))
    assert (facts.skip_inbound, facts.skip_outbound) == ("8080-8081", None)


@pytest.mark.parametrize(
    ("phase", "more", "finished", "terminating"),
    [
        ("Running", {}, False, False),
        ("Pending", {}, False, False),
        ("Succeeded", {}, True, False),
        ("Failed", {}, True, False),
        ("Running", {"deletionTimestamp": "2026-01-01T00:00:00Z"}, False, True),
    ],
)
def test_a_terminating_pod_still_runs(phase: str, more: dict[str, str], finished: bool, terminating: bool) -> None:
    facts = pod_facts(pod(phase=phase, **more))
    assert (facts.finished, facts.terminating) == (finished, terminating)


def test_meshed_is_the_label_and_the_proxy() -> None:
    assert pod_facts(pod()).meshed
    assert not pod_facts(pod(labels={})).meshed
    bare = pod()
    del bare["spec"]["initContainers"]
    assert not pod_facts(bare).meshed


def test_init_containers_that_end_are_not_running() -> None:
    assert pod_facts(pod(init())).containers == ("linkerd-proxy", "app")


def test_facts_are_json_and_hold_only_the_mesh_s_annotations() -> None:
    facts = pod_facts(pod(annotations={INJECT: "enabled", "secret": "x", "linkerd.io/proxy-version": "edge-1"}))
    assert facts.ready
    assert json.loads(json.dumps(facts.to_json()))["annotations"] == {
        INJECT: "enabled",
        "linkerd.io/proxy-version": "edge-1",
    }


def test_a_pod_without_status_is_not_taken_for_finished() -> None:
    facts = pod_facts({"metadata": {"name": "x"}})
    assert (facts.phase, facts.finished, facts.ready, facts.meshed) == ("Unknown", False, False, False)
