"""The kind control-plane-egress: what its fields may be, what it makes, and that its findings are its targets'."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from portal.kinds.base import Asked, Scope
from portal.kinds.control_plane_egress import ControlPlaneEgress
from portal.kinds.registry import json_schema, kind_named
from portal.mesh.workloads import WorkloadRef
from tests.unit.mesh.network_objects import policy, scene

KIND = ControlPlaneEgress()
DEFAULTS = {"pods": "injected", "dns": True, "node_local_dns": False, "peers": True, "if_alone": "refuse"}


def load(*namespaces: str, **more: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = KIND.schema.load({"namespaces": list(namespaces), **more})
    return loaded


def refusals(**raw: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as refusal:
        KIND.schema.load({"namespaces": ["emojivoto"], **raw})
    return dict(refusal.value.normalized_messages())


def test_it_is_in_the_registry_and_describes_itself() -> None:
    schema = json_schema(kind_named("control-plane-egress"))
    assert list(schema["properties"]) == ["namespaces", *DEFAULTS]
    assert schema["required"] == ["namespaces"]
    assert schema["properties"]["if_alone"]["enum"] == ["refuse", "allow-everything-else"]
    assert (KIND.scope, KIND.has_cluster_change) == (Scope.NAMESPACES, True)


def test_fields_load_canonical() -> None:
    assert load("a", "b", "a") == {"namespaces": ["a", "b"], **DEFAULTS}
    assert KIND.notes({"namespaces": ["a", "b", "a"]}) == ["a was named more than once and counts once."]
    assert KIND.notes({"namespaces": ["a"]}) == []


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"namespaces": []}, "namespaces"),
        ({"namespaces": [f"n{number}" for number in range(51)]}, "namespaces"),
        ({"namespaces": ["Emojivoto"]}, "namespaces"),
        ({"namespaces": ["emojivoto\n"]}, "namespaces"),
        ({"namespaces": ["../kube-system"]}, "namespaces"),
        ({"pods": "some"}, "pods"),
        ({"if_alone": "isolate"}, "if_alone"),
        ({"peers": "sometimes"}, "peers"),
        ({"ports": [8080]}, "ports"),
    ],
)
def test_what_is_not_allowed_is_refused_by_its_field(raw: dict[str, Any], field: str) -> None:
    assert list(refusals(**raw)) == [field]


def test_each_namespace_is_a_target_and_gets_a_policy_of_the_ticket_s_own() -> None:
    fields = load("emojivoto", "books")
    assert KIND.targets(fields, None) == [
        WorkloadRef("egress", "emojivoto", "emojivoto"),
        WorkloadRef("egress", "books", "books"),
    ]
    [made] = KIND.manifests(fields, scene(policies=(policy(),)), "MD-142")
    assert made["metadata"] == {"name": "allow-linkerd-control-plane-egress-md-142", "namespace": "emojivoto"}


def test_findings_are_those_of_its_targets() -> None:
    seen = scene()
    found = KIND.checks(load("emojivoto"), [seen])
    assert {one.target for one in found} == {"egress/emojivoto"}
    assert seen.ref == WorkloadRef("egress", "emojivoto", "emojivoto")


def test_another_order_is_the_same_and_another_choice_is_not() -> None:
    assert KIND.identity(load("a", "b")) == KIND.identity(load("b", "a"))
    assert KIND.identity(load("a")) != KIND.identity(load("a", dns=False))
    assert KIND.routing_facts(load("a"), []) == {}


def test_it_says_how_to_see_the_policies() -> None:
    told = KIND.usage(Asked("MD-7", "practice", None, load("a", "b")))
    assert [one.text for one in told] == [
        f"kubectl get networkpolicy allow-linkerd-control-plane-egress-md-7 --namespace {name} --output yaml"
        for name in ("a", "b")
    ]
