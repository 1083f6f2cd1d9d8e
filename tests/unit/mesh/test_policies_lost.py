"""What preflight finds about policies, of Linkerd and of the network, that stop counting or begin to refuse."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.annotations import INJECT, MeshDefaults
from portal.mesh.findings import Finding, Severity
from portal.mesh.impact import workload_findings
from portal.mesh.near import Near
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from tests.unit.mesh.near_objects import (
    authorization,
    identity,
    network_policy,
    route,
    server,
)
from tests.unit.mesh.objects import container, deployment, template, view

SKIP, OUT = Want(skip_inbound=Ports.of(8080)), Want(skip_outbound=Ports.of(5432))
OFF = Want.of_setting(INJECT)


def found(want: Want, near: Near | None = None, **seen: Any) -> dict[str, Finding]:
    obj = seen.pop("obj", None)
    return {one.code: one for one in workload_findings(view(obj, near=near or Near(), **seen), want)}


def test_a_server_on_the_port_no_longer_counts_with_all_that_hangs_on_it() -> None:
    near = Near(
        servers=(server("grpc", "web"), server("prom", 8801), server("other", 8080, app="web")),
        routes=(route("votes", "grpc"), route("else", "prom")),
        authorizations=(
            authorization("web-only", ("Server", "grpc"), ("MeshTLSAuthentication", "web")),
            authorization("votes", ("HTTPRoute", "votes"), ("MeshTLSAuthentication", "web")),
        ),
    )
    obj = deployment(pods=template(container("app", ports=[{"containerPort": 8080, "name": "web"}])))
    one = found(SKIP, near, obj=obj)["server-passed-by"]
    assert one.fact == (
        "Server grpc guards port 8080, with AuthorizationPolicy web-only, AuthorizationPolicy votes, HTTPRoute votes."
    )
    assert one.severity is Severity.WARNING
    both = [one.fact for one in workload_findings(view(obj, near=near), OFF) if one.code == "server-passed-by"]
    assert [fact.partition(" guards")[0] for fact in both] == ["Server grpc", "Server prom"]
    assert "server-passed-by" not in found(OUT, near, obj=obj)


@pytest.mark.parametrize(
    ("namespace", "defaults", "where"),
    [
        ({"config.linkerd.io/default-inbound-policy": "cluster-authenticated"}, MeshDefaults(), "namespace"),
        ({}, MeshDefaults(default_inbound_policy="deny"), "control plane default"),
        ({}, MeshDefaults(), None),
    ],
)
def test_an_inbound_policy_that_demands_an_identity_is_passed_by(
    namespace: dict[str, str], defaults: MeshDefaults, where: str | None
) -> None:
    around = {"metadata": {"name": "emojivoto", "annotations": {INJECT: "enabled", **namespace}}}
    one = found(SKIP, Near(), namespace=around, defaults=defaults).get("inbound-policy-passed-by")
    assert (one is None) if where is None else (one is not None and f"({where})" in one.fact)
    assert ("peers-demand-identity" in found(OFF, Near(), namespace=around, defaults=defaults)) is (where is not None)


@pytest.mark.parametrize(
    "spec",
    [
        {"identities": ["emoji.emojivoto.serviceaccount.identity.linkerd.cluster.local"]},
        {"identities": ["*.emojivoto.serviceaccount.identity.linkerd.cluster.local"]},
        {"identityRefs": [{"kind": "ServiceAccount", "name": "emoji"}]},
        {"identityRefs": [{"kind": "Namespace"}]},
    ],
)
def test_policies_that_let_it_in_by_its_identity_refuse_it_without_a_proxy(spec: dict[str, Any]) -> None:
    near = Near(
        authorizations=(authorization("callers", ("Server", "voting"), ("MeshTLSAuthentication", "known")),),
        identities=(identity("known", **spec),),
    )
    obj = deployment(pods=template(serviceAccountName="emoji"))
    assert "AuthorizationPolicy callers lets" in found(OFF, near, obj=obj)["identity-lost"].fact
    assert "identity-lost" not in found(SKIP, near, obj=obj)


@pytest.mark.parametrize(
    ("policy", "want", "says"),
    [
        (
            network_policy("mesh", "Ingress", 4143),
            SKIP,
            "NetworkPolicy mesh lets nothing in on port 8080, only on 4143.",
        ),
        (network_policy("mesh", "Ingress", 4143, 8080), SKIP, None),
        (network_policy("mesh", "Ingress"), SKIP, None),
        (network_policy("mesh", "Ingress", 4143, app="web"), SKIP, None),
        (
            network_policy("mesh", "Egress", 4143),
            OUT,
            "NetworkPolicy mesh lets nothing out on port 5432, only on 4143.",
        ),
        (network_policy("mesh", "Egress", 4143, 5432), OUT, None),
    ],
)
def test_a_network_policy_that_meant_the_proxys_port_denies_the_traffic(
    policy: dict[str, Any], want: Want, says: str | None
) -> None:
    said = [one for one in found(want, Near(network_policies=(policy,))).values() if "policy-denies" in one.code]
    assert [one.fact for one in said] == ([] if says is None else [says])


def test_named_ports_and_ranges_of_network_policies_are_read() -> None:
    ranged = network_policy("mesh", "Ingress")
    ranged["spec"]["ingress"][0]["ports"] = [{"port": 8000, "endPort": 8100}, {"port": "prom"}, {"protocol": "UDP"}]
    obj = deployment(pods=template(container("app", ports=[{"containerPort": 8801, "name": "prom"}])))
    want = Want(skip_inbound=Ports.parse("8080,8801,9000"))
    said = found(want, Near(network_policies=(ranged,)), obj=obj)["network-policy-denies-in"]
    assert "on port 9000, only on 8000-8100,8801" in said.fact


def test_without_a_proxy_policies_by_linkerds_label_and_port_are_told() -> None:
    labelled = network_policy("ours", "Egress", 4143)
    labelled["spec"]["podSelector"] = {"matchLabels": {"linkerd.io/control-plane-ns": "linkerd"}}
    near = Near(network_policies=(labelled, network_policy("mesh", "Egress", 4143)))
    said = found(OFF, near)
    assert said["network-policy-unselects"].fact == "NetworkPolicy ours selects its pods by Linkerd's label."
    assert said["egress-by-proxy-port"].fact.startswith("NetworkPolicy mesh lets calls out on port 4143")


def test_clients_whose_policies_allow_the_proxys_port_only_are_told() -> None:
    near = Near(network_policies=(network_policy("web-out", "Egress", 4143, app="web"),))
    assert found(SKIP, near)["clients-egress"].fact == "NetworkPolicy web-out lets its pods call 4143, and not 8080."


def test_another_account_loses_nothing_by_a_policy_for_this_one() -> None:
    near = Near(
        authorizations=(authorization("callers", ("Server", "voting"), ("MeshTLSAuthentication", "known")),),
        identities=(identity("known", identityRefs=[{"kind": "ServiceAccount", "name": "emoji"}]),),
    )
    assert "identity-lost" not in found(OFF, near, obj=deployment(pods=template(serviceAccountName="web")))
