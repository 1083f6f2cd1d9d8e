"""NetworkPolicies: which pods one isolates, and the one that lets proxies reach the control plane."""

from __future__ import annotations

import pytest
import yaml

from portal.mesh.annotations import MeshDefaults
from portal.mesh.network import ALL, EgressAsk, allows_everything, egress_isolated, is_type, isolates_alone
from portal.mesh.objects import MANAGED
from tests.unit.mesh.network_objects import Object, labelled, made, policy, scene

# As in the reference of facts: what the proxies of a tenant need.
REFERENCE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-linkerd-control-plane-egress, namespace: emojivoto}
spec:
  podSelector: {matchLabels: {linkerd.io/control-plane-ns: linkerd}}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: linkerd}}, podSelector: {matchExpressions:
      [{key: linkerd.io/control-plane-component, operator: In, values: [identity, destination]}]}}]
    ports: [{protocol: TCP, port: 8080}, {protocol: TCP, port: 8086}, {protocol: TCP, port: 8090}]
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}},
      podSelector: {matchLabels: {k8s-app: kube-dns}}}]
    ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
"""


def test_the_policy_is_the_one_of_the_reference() -> None:
    assert made(EgressAsk(peers=False)) == yaml.safe_load(REFERENCE)


def test_the_control_plane_is_looked_for_where_it_is() -> None:
    spec = made(EgressAsk(), MeshDefaults(version="edge-26.6.3", namespace="mesh"))["spec"]
    assert spec["podSelector"] == {"matchLabels": {"linkerd.io/control-plane-ns": "mesh"}}
    assert spec["egress"][0]["to"][0]["namespaceSelector"] == {"matchLabels": {"kubernetes.io/metadata.name": "mesh"}}
    assert spec["egress"][-1]["to"][0]["podSelector"] == {"matchLabels": {"linkerd.io/control-plane-ns": "mesh"}}
    assert made(EgressAsk(pods=ALL))["spec"]["podSelector"] == {}


@pytest.mark.parametrize(
    ("ask", "ports"),
    [
        (EgressAsk(dns=False, peers=False), [8080, 8086, 8090]),
        (EgressAsk(peers=False), [8080, 8086, 8090, 53, 53]),
        (EgressAsk(dns=False), [8080, 8086, 8090, 4143]),
        (EgressAsk(node_local_dns=True), [8080, 8086, 8090, 53, 53, 4143]),
    ],
)
def test_only_what_was_asked_is_allowed(ask: EgressAsk, ports: list[int]) -> None:
    rules = made(ask)["spec"]["egress"]
    assert [port["port"] for rule in rules for port in rule["ports"]] == ports
    # A namespace and its pods are one peer: as two they would mean all of either.
    selectors = [peer for rule in rules for peer in rule["to"] if "ipBlock" not in peer]
    assert all(set(peer) == {"namespaceSelector", "podSelector"} for peer in selectors)
    assert not allows_everything(made(ask))


def test_node_local_dns_is_an_address() -> None:
    [_, dns] = made(EgressAsk(dns=False, node_local_dns=True, peers=False))["spec"]["egress"]
    assert dns["to"] == [{"ipBlock": {"cidr": "169.254.20.10/32"}}]


@pytest.mark.parametrize(
    ("version", "written"),
    [("edge-25.3.2", True), ("2.18.0", True), ("edge-25.3.1", False), ("stable-2.14.10", False), ("odd", True)],
)
def test_the_peers_port_is_written_where_the_version_uses_it(version: str, written: bool) -> None:
    rules = made(EgressAsk(dns=False), MeshDefaults(version=version))["spec"]["egress"]
    assert (len(rules) == 2) is written


@pytest.mark.parametrize(
    ("spec", "egress", "ingress"),
    [
        ({"policyTypes": ["Egress"]}, True, False),
        ({"policyTypes": ["Ingress"], "egress": [{}]}, False, True),
        ({"egress": [{}]}, True, True),
        ({"egress": []}, False, True),
        ({}, False, True),
    ],
)
def test_what_a_policy_isolates(spec: Object, egress: bool, ingress: bool) -> None:
    one = {"metadata": {"name": "one"}, "spec": {"podSelector": {}, **spec}}
    assert (is_type(one, "Egress"), is_type(one, "Ingress")) == (egress, ingress)
    assert egress_isolated({"app": "emoji"}, [one]) is egress


@pytest.mark.parametrize(
    ("selector", "isolated"),
    [
        ({}, True),
        ({"matchLabels": {"app": "emoji"}}, True),
        ({"matchLabels": {"app": "web"}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["emoji"]}]}, False),
    ],
)
def test_a_policy_isolates_the_pods_that_it_selects(selector: Object, isolated: bool) -> None:
    assert egress_isolated({"app": "emoji"}, [policy(selector=selector)]) is isolated


def test_pods_of_a_workload_carry_what_injection_adds() -> None:
    labels = scene(labelled("emoji"), labelled("bare", unmeshed=True)).labels
    assert labels["deployment/emoji"] == {
        "app": "emoji",
        "linkerd.io/control-plane-ns": "linkerd",
        "linkerd.io/workload-ns": "emojivoto",
        "linkerd.io/proxy-deployment": "emoji",
    }
    assert labels["deployment/bare"] == {"app": "bare"}


def test_ours_isolates_alone_where_no_tenants_policy_selects() -> None:
    ours, other = made(EgressAsk()), policy("of-another-ticket")
    for one in (ours, other):
        one["metadata"]["labels"] = {MANAGED: "true"}
    labels = scene(labelled("emoji"), labelled("web"), labelled("bare", unmeshed=True)).labels
    web_only = policy(selector={"matchLabels": {"app": "web"}})
    assert isolates_alone(ours, [ours, other], labels) == ["deployment/emoji", "deployment/web"]
    assert isolates_alone(ours, [ours, web_only], labels) == ["deployment/emoji"]
    assert isolates_alone(ours, [policy()], labels) == []
    assert isolates_alone(made(EgressAsk(pods=ALL)), [], labels) == sorted(labels)
