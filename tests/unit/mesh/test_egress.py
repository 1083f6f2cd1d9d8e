"""What preflight finds about a policy for the way to the control plane: above all, never isolating by accident."""

from __future__ import annotations

import json

import pytest

from portal.mesh.annotations import MeshDefaults
from portal.mesh.egress import EgressScene, egress_findings, needs_open_rule, policy_for
from portal.mesh.findings import Finding, Severity
from portal.mesh.network import ALL, ALLOW_EVERYTHING_ELSE, EgressAsk, allows_everything
from portal.mesh.objects import MANAGED
from tests.unit.mesh.network_objects import NOW, OLD, Object, labelled, made, policy, scene


def found(ask: EgressAsk, seen: EgressScene) -> dict[str, Finding]:
    return {one.code: one for one in egress_findings(ask, seen)}


def test_isolated_pods_are_let_out_without_a_word_of_blocking() -> None:
    seen = scene(policies=(policy(),))
    for choice in ("refuse", ALLOW_EVERYTHING_ELSE):
        ask = EgressAsk(if_alone=choice)
        assert not [one for one in egress_findings(ask, seen) if one.severity is not Severity.INFO]
        assert not allows_everything(policy_for(ask, seen)), "the rule would undo the tenant's own isolation"


@pytest.mark.parametrize(
    ("policies", "code"),
    [((), "no-egress-policy"), ((policy(selector={"matchLabels": {"app": "web"}}),), "would-isolate")],
)
def test_isolating_by_accident_is_refused_with_names(policies: tuple[Object, ...], code: str) -> None:
    seen = scene(labelled("emoji"), labelled("web"), policies=policies)
    one = found(EgressAsk(), seen)[code]
    assert one.severity is Severity.BLOCKING
    assert one.target == "namespace/emojivoto"
    assert "deployment/emoji" in one.fact
    assert ("deployment/web" in one.fact) is not bool(policies)


def test_ours_of_before_does_not_count_as_isolation() -> None:
    before = made(EgressAsk())
    before["metadata"]["labels"] = {MANAGED: "true"}
    assert found(EgressAsk(), scene(policies=(before,)))["no-egress-policy"].severity is Severity.BLOCKING


def test_everything_else_is_allowed_where_that_was_chosen_and_nothing_isolates() -> None:
    ask, seen = EgressAsk(if_alone=ALLOW_EVERYTHING_ELSE), scene()
    one = found(ask, seen)["everything-else-allowed"]
    assert one.severity is Severity.INFO
    assert "none of your egress policies restricts" in one.meaning
    assert needs_open_rule(ask, seen)
    manifest = policy_for(ask, seen)
    assert manifest["spec"]["egress"][-1] == {}
    assert allows_everything(manifest)


def test_everything_else_never_undoes_the_isolation_of_other_pods() -> None:
    seen = scene(labelled("emoji"), labelled("web"), policies=(policy(selector={"matchLabels": {"app": "web"}}),))
    one = found(EgressAsk(if_alone=ALLOW_EVERYTHING_ELSE), seen)["would-open-isolated"]
    assert one.severity is Severity.BLOCKING
    assert "isolates deployment/web" in one.fact


@pytest.mark.parametrize("choice", ["refuse", ALLOW_EVERYTHING_ELSE])
def test_a_policy_for_no_pods_is_said(choice: str) -> None:
    severity = Severity.BLOCKING if choice == "refuse" else Severity.WARNING
    unmeshed = scene(labelled("bare", unmeshed=True), policies=(policy(),))
    assert found(EgressAsk(if_alone=choice), unmeshed)["selects-nothing"].severity is severity
    assert "selects-nothing" not in found(EgressAsk(if_alone=choice, pods=ALL), unmeshed)


def test_pods_to_come_are_not_isolated_by_accident_where_everything_else_is_to_be_allowed() -> None:
    ask = EgressAsk(if_alone=ALLOW_EVERYTHING_ELSE)
    nobody = labelled("bare", unmeshed=True)
    empty, closed = scene(nobody), scene(nobody, policies=(policy(),))
    assert allows_everything(policy_for(ask, empty))
    assert "for pods to come" in found(ask, empty)["selects-nothing"].meaning
    assert not allows_everything(policy_for(ask, closed)), "the rule would undo the tenant's own isolation"
    assert not allows_everything(policy_for(EgressAsk(), empty))


def test_where_proxies_send_traces_is_said() -> None:
    traced = MeshDefaults(version="edge-26.6.3", trace_collector="collector.tracing:4317")
    one = found(EgressAsk(), scene(policies=(policy(),), mesh=traced))["traces-not-included"]
    assert (one.severity, "collector.tracing:4317" in one.fact) == (Severity.INFO, True)
    assert "traces-not-included" not in found(EgressAsk(), scene(policies=(policy(),)))


def test_without_the_injectors_webhook_nothing_is_meshed() -> None:
    assert "selects-nothing" in found(EgressAsk(), scene(policies=(policy(),), webhook=None))


def test_workloads_without_a_proxy_are_named() -> None:
    seen = scene(labelled("emoji"), labelled("bare", unmeshed=True), policies=(policy(),))
    assert "deployment/bare" in found(EgressAsk(), seen)["not-all-meshed"].fact
    assert "not-all-meshed" not in found(EgressAsk(pods=ALL), seen)


@pytest.mark.parametrize(
    ("mesh", "peers", "code", "severity"),
    [
        (NOW, True, "peers-by-mesh-port", Severity.INFO),
        (NOW, False, "peers-not-asked", Severity.INFO),
        (OLD, True, "peers-on-own-ports", Severity.INFO),
        (MeshDefaults(version="odd"), True, "version-unknown", Severity.WARNING),
        (MeshDefaults(), False, "version-unknown", Severity.WARNING),
    ],
)
def test_the_version_decides_what_the_peers_port_means(
    mesh: MeshDefaults, peers: bool, code: str, severity: Severity
) -> None:
    seen = found(EgressAsk(peers=peers), scene(policies=(policy(),), mesh=mesh))
    of_versions = {"peers-by-mesh-port", "peers-not-asked", "peers-on-own-ports", "version-unknown"}
    assert of_versions & set(seen) == {code}
    assert seen[code].severity is severity


def test_an_old_version_without_peers_has_nothing_to_say() -> None:
    assert not [code for code in found(EgressAsk(peers=False), scene(policies=(policy(),), mesh=OLD)) if "peer" in code]


def test_ingress_policies_of_the_control_plane_are_a_warning() -> None:
    guards = (policy("guard", policyTypes=["Ingress"]), policy("out", policyTypes=["Egress"]))
    one = found(EgressAsk(), scene(policies=(policy(),), control_plane_policies=guards))["control-plane-ingress"]
    assert one.severity is Severity.WARNING
    assert "guard" in one.fact
    assert "out" not in one.fact.split(":")[1]


def test_dns_is_spoken_of_either_way() -> None:
    isolated = scene(policies=(policy(),))
    assert "dns-assumed" in found(EgressAsk(), isolated)
    assert "dns-not-asked" in found(EgressAsk(dns=False), isolated)
    assert "dns-not-asked" not in found(EgressAsk(dns=False, node_local_dns=True), isolated)


def test_findings_that_block_come_first_and_are_json() -> None:
    seen = egress_findings(EgressAsk(), scene(mesh=MeshDefaults(version="odd")))
    assert [one.severity for one in seen] == sorted((one.severity for one in seen), key=list(Severity).index)
    assert seen[0].severity is Severity.BLOCKING
    json.dumps([one.to_json() for one in seen])
