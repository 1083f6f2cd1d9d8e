"""The kind debug-sidecar: what its fields may be, what it wants, how it routes, what its preflight says."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from portal.kinds.base import Asked
from portal.kinds.debug_sidecar import DebugSidecar
from portal.kinds.registry import json_schema, kind_named
from portal.mesh.annotations import DEBUG_SIDECAR
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef
from tests.unit.mesh.objects import deployment, template, view

KIND = DebugSidecar()


def load(*workloads: str, **more: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = KIND.schema.load({"workloads": list(workloads), **more})
    return loaded


def refusals(*workloads: str, **more: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refusal:
        load(*workloads, **more)
    return dict(refusal.value.normalized_messages())


def test_it_is_in_the_registry_and_describes_itself() -> None:
    schema = json_schema(kind_named("debug-sidecar"))
    assert list(schema["properties"]) == ["workloads"]
    assert schema["required"] == ["workloads"]
    assert (schema["properties"]["workloads"]["minItems"], schema["properties"]["workloads"]["maxItems"]) == (1, 50)


def test_fields_load_canonical() -> None:
    assert load(" deployment/emoji", "daemonset/log", "deployment/emoji") == {
        "workloads": ["deployment/emoji", "daemonset/log"]
    }
    raw = {"workloads": ["deployment/emoji", "deployment/emoji"]}
    assert KIND.notes(raw) == ["deployment/emoji was named more than once and counts once."]
    assert KIND.notes({"workloads": ["deployment/emoji"]}) == []


@pytest.mark.parametrize("workload", ["cronjob/report", "job/report-1"])
def test_jobs_are_refused_because_they_would_never_complete(workload: str) -> None:
    [sentence] = refusals("deployment/emoji", workload)["workloads"][1]
    assert sentence.startswith("The debug container never ends, so the Job would never complete")


def test_other_kinds_that_cannot_be_changed_are_refused_as_everywhere() -> None:
    assert "ask for the Deployment" in refusals("replicaset/emoji")["workloads"][0][0]


@pytest.mark.parametrize("workloads", [[], [f"deployment/w{number}" for number in range(51)]])
def test_one_to_fifty_workloads(workloads: list[str]) -> None:
    assert refusals(*workloads) == {"workloads": ["Name 1 to 50 workloads."]}


def test_nothing_else_may_be_asked() -> None:
    assert list(refusals("deployment/emoji", packets=5)) == ["packets"]


def test_it_wants_the_debug_container_in_each_workload() -> None:
    fields = load("deployment/emoji", "statefulset/db")
    assert KIND.targets(fields, "emojivoto") == [
        WorkloadRef("deployment", "emojivoto", "emoji"),
        WorkloadRef("statefulset", "emojivoto", "db"),
    ]
    assert KIND.wants(fields, view()) == Want.of_setting(DEBUG_SIDECAR)
    assert KIND.routing_facts(fields, [view()]) == {}
    assert KIND.identity(fields) == KIND.identity(load("statefulset/db", "deployment/emoji"))


def test_checks_say_what_it_costs_and_what_refuses_it_blocking_first() -> None:
    quota = {"metadata": {"name": "calm"}, "spec": {"hard": {"limits.cpu": "4"}}}
    found = KIND.checks(load("deployment/emoji"), [view(deployment(replicas=1), quotas=(quota,))])
    assert [(one.severity.value, one.code) for one in found] == [
        ("blocking", "quota-refuses"),
        ("warning", "single-replica"),
        ("warning", "packets-in-logs"),
        ("info", "pods-restart"),
    ]
    assert {one.target for one in found} == {"deployment/emoji"}


def test_checks_look_at_every_workload() -> None:
    bare = {"metadata": {"name": "emojivoto"}}
    found = KIND.checks(
        load("deployment/emoji", "deployment/voting"), [view(), view(deployment("voting"), namespace=bare)]
    )
    [blocking] = [one for one in found if one.severity == "blocking"]
    assert (blocking.target, blocking.code) == ("deployment/voting", "not-meshed")
    assert blocking.meaning == "The debug container comes with the proxy only: mesh it first."


def test_what_an_owner_has_already_restarts_nothing() -> None:
    own = deployment(pods=template(annotations={DEBUG_SIDECAR: "True"}))
    assert [one.code for one in KIND.checks(load("deployment/emoji"), [view(own)])] == [
        "packets-in-logs",
        "debug-already-there",
    ]


def test_it_tells_how_to_look_at_each_workload_with_the_names_filled_in() -> None:
    asked = Asked("MD-1", "practice", "emojivoto", load("deployment/emoji", "statefulset/db"))
    texts = [one.text for one in KIND.usage(asked)]
    assert len(texts) == 9
    assert texts[0].startswith("kubectl -n emojivoto get pods ")
    assert "kubectl -n emojivoto logs statefulset/db -c linkerd-debug -f" in texts
    assert any("exec -it deployment/emoji -c linkerd-debug -- tshark" in text for text in texts)
