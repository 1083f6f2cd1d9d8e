"""What preflight finds before Viz: what forbids it, and what it would not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.mesh.findings import Finding, Severity
from portal.mesh.viz.bundle import read_bundle
from portal.mesh.viz.findings import NamespaceScene, VizScene, is_older, viz_findings
from portal.mesh.viz.network import METRICS_PORT, TAP_PORT, blocked
from portal.mesh.viz.presence import added_by_others, presence_of
from tests.unit.viz.bundles import named, objects, practice, text

PLACE = NamespaceScene({"metadata": {"name": "emojivoto"}}, workloads={"deployment/web": {"app": "web"}})
SCENE = VizScene("prod", (PLACE,), bundle=practice(), tenants=3)


def found(scene: VizScene) -> dict[str, Finding]:
    return {one.code: one for one in viz_findings(scene)}


def in_place(**changes: Any) -> dict[str, Finding]:
    return found(replace(SCENE, namespaces=(replace(PLACE, **changes),)))


def opened() -> Any:
    everything = objects()
    binding = named(everything, "ClusterRoleBinding", "linkerd-linkerd-viz-metrics-api")
    binding["roleRef"]["name"] = "linkerd-linkerd-viz-tap-admin"
    binding["subjects"] = [{"kind": "ServiceAccount", "name": "web", "namespace": "linkerd-viz"}]
    return read_bundle({"viz.yaml": text(everything)})


def test_a_good_bundle_leaves_only_that_tap_shows_headers() -> None:
    assert {code: one.severity for code, one in found(SCENE).items()} == {"tap-shows-headers": Severity.WARNING}


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        (replace(SCENE, bundle=None), "bundle-missing"),
        (replace(SCENE, bundle=None, problem="viz.yaml: x."), "bundle-unusable"),
        (replace(SCENE, bundle=opened()), "open-dashboard"),
    ],
)
def test_what_forbids_it_says_what_to_do(scene: VizScene, code: str) -> None:
    one = found(scene)[code]
    assert one.severity is Severity.BLOCKING
    assert one.target == "viz/prod"
    assert "Ask the platform operators" in one.meaning


@pytest.mark.parametrize("change", [{"tenants": 1}, {"shared_dashboard": "All may see all."}])
def test_an_open_dashboard_is_allowed_where_it_shows_nobody_elses_traffic_or_the_registry_says_so(change: Any) -> None:
    assert found(replace(SCENE, bundle=opened(), **change))["open-dashboard"].severity is Severity.INFO


def test_a_viz_that_no_ticket_put_there_forbids_it() -> None:
    viz = named(objects(), "Namespace", "linkerd-viz")
    api = named(objects(), "APIService", "v1alpha1.tap.linkerd.io")
    del api["metadata"]["labels"]
    there = presence_of([viz, {"metadata": {"name": "x"}, "kind": "Namespace"}], [api], is_ours=lambda obj: False)
    assert (there.namespaces, [ref.kind for ref in there.objects]) == (("linkerd-viz",), ["APIService"])
    one = found(replace(SCENE, presence=there))["foreign-viz"]
    assert one.severity is Severity.BLOCKING
    assert one.fact.startswith("A Viz that no ticket put there is on cluster prod (namespace linkerd-viz): use it, or")
    assert not presence_of([viz], [api], is_ours=lambda obj: True)
    assert presence_of([], [api], is_ours=lambda obj: False).sentence("prod").count("APIService v1alpha1") == 1
    assert not presence_of([], [named(objects(), "Service", "tap")], is_ours=lambda obj: obj["kind"] == "Service")


def test_remains_of_a_viz_are_one_and_what_only_lets_it_in_is_none() -> None:
    role = named(objects(), "ClusterRole", "linkerd-linkerd-viz-tap")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**role["metadata"], "ownerReferences": [{"kind": "x"}]}}
    there = presence_of([], [role, pod, named(objects(), "Server", "tap-api")], is_ours=lambda obj: False)
    assert [ref.kind for ref in there.objects] == ["ClusterRole"]
    many = [{**role, "metadata": {**role["metadata"], "name": f"role-{number}"}} for number in range(7)]
    said = presence_of([], many, is_ours=lambda obj: False).sentence("prod")
    assert "ClusterRole role-4 and 2 more" in said


def test_what_others_added_is_told_and_what_the_cluster_makes_is_not() -> None:
    def obj(kind: str, name: str, **more: Any) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "linkerd-viz", **more}}

    there = [
        obj("Secret", "mine"),
        obj("ConfigMap", "kube-root-ca.crt"),
        obj("ServiceAccount", "default"),
        obj("Pod", "tap-1", ownerReferences=[{"kind": "ReplicaSet"}]),
        {**obj("Secret", "tap-token-x"), "type": "kubernetes.io/service-account-token"},
        obj("Service", "tap"),
    ]
    told = added_by_others(there, is_ours=lambda obj: obj["kind"] == "Service")
    assert told == ["Secret mine in linkerd-viz was added by somebody; it goes when Viz goes."]


def test_what_would_not_be_seen_is_warned_of() -> None:
    skips = in_place(skips=("MD-7 skips inbound 8080 of deployment/web",))["skipped-ports-hidden"]
    assert skips.fact == "In emojivoto, MD-7 skips inbound 8080 of deployment/web."
    assert in_place(older_pods=1)["older-pods"].severity is Severity.WARNING
    assert in_place(older_pods=2)["older-pods"].fact.startswith("2 meshed pods run in emojivoto")
    disabled = {"metadata": {"name": "emojivoto", "annotations": {"viz.linkerd.io/disable-tap": "true"}}}
    assert "tap-disabled" in in_place(namespace=disabled)


def test_a_restart_that_is_asked_for_is_no_warning() -> None:
    scene = replace(SCENE, namespaces=(replace(PLACE, older_pods=2),), restart=True)
    assert found(scene)["older-pods"].severity is Severity.INFO


@pytest.mark.parametrize(
    ("annotations", "older"),
    [({}, True), ({"viz.linkerd.io/tap-enabled": "true"}, False), ({"viz.linkerd.io/disable-tap": "true"}, False)],
)
def test_a_pod_from_before_viz_is_known(annotations: dict[str, str], older: bool) -> None:
    assert is_older({"metadata": {"annotations": annotations}}) is older


def policy(*rules: dict[str, Any], types: tuple[str, ...] = ("Ingress",), pods: Any = None) -> dict[str, Any]:
    return {"spec": {"podSelector": pods or {}, "policyTypes": list(types), "ingress": list(rules)}}


VIZ = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "linkerd-viz"}}}
LABEL = {"namespaceSelector": {"matchLabels": {"linkerd.io/extension": "viz"}}}
TAP = {**VIZ, "podSelector": {"matchLabels": {"component": "tap"}}}


@pytest.mark.parametrize(
    ("policies", "tap", "metrics"),
    [
        ([], False, False),
        ([policy()], True, True),
        ([policy(types=("Egress",))], False, False),
        ([policy(pods={"matchLabels": {"app": "other"}})], False, False),
        ([policy({})], False, False),
        ([policy({"from": [{"podSelector": {}}]})], True, True),
        ([policy({"from": [VIZ]})], False, False),
        ([policy({"from": [LABEL], "ports": [{"port": 4191}]})], True, False),
        ([policy({"from": [TAP]})], False, True),
        ([policy({"from": [VIZ], "ports": [{"port": 4000, "endPort": 4190}]})], False, True),
        ([policy({"ports": [{"port": "linkerd-admin"}]})], True, False),
        ([policy({"ports": [{"port": 4190, "protocol": "UDP"}]})], True, True),
        ([policy({"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]})], False, False),
        ([policy({"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]})], True, True),
        ([policy(), policy({"from": [{"namespaceSelector": {}}]})], False, False),
    ],
)
def test_policies_that_keep_viz_out_are_seen(policies: list[dict[str, Any]], tap: bool, metrics: bool) -> None:
    viz = named(objects(), "Namespace", "linkerd-viz")
    hit = [bool(blocked(port, policies, PLACE.workloads, viz)) for port in (TAP_PORT, METRICS_PORT)]
    assert hit == [tap, metrics]
    codes = in_place(policies=tuple(policies))
    assert ["policy-blocks-4190" in codes, "policy-blocks-4191" in codes] == [tap, metrics]
