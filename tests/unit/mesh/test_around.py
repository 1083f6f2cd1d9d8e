"""What preflight finds around a workload: Services, Linkerd's policies, NetworkPolicies, room, and its pods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, MeshDefaults
from portal.mesh.findings import Finding, Severity
from portal.mesh.impact import workload_findings
from portal.mesh.injection import inject, why_not_injected
from portal.mesh.near import Near, Peer, Peers
from portal.mesh.pods import pod_facts
from portal.mesh.ports import Ports
from portal.mesh.quantities import quantity
from portal.mesh.want import Want
from tests.unit.mesh.near_objects import (
    authorization,
    autoscaler,
    identity,
    network_policy,
    port,
    quota,
    route,
    server,
    service,
)
from tests.unit.mesh.objects import MESHED, container, deployment, template, view

SKIP, OUT = Want(skip_inbound=Ports.of(8080)), Want(skip_outbound=Ports.of(5432))
OFF = Want.of_setting(INJECT)
WEB = "web.emojivoto.serviceaccount.identity.linkerd.cluster.local"


def found(want: Want, near: Near | None = None, **seen: Any) -> dict[str, Finding]:
    obj = seen.pop("obj", None)
    return {one.code: one for one in workload_findings(view(obj, near=near or Near(), **seen), want)}


def test_what_nobody_looked_at_is_not_claimed() -> None:
    said = {one.code for one in workload_findings(view(), SKIP)}
    assert not said & {"no-service", "clients-lose-mtls", "outbound-nobody"}
    assert "prefer-opaque-ports" in said


def test_the_services_port_that_is_no_containers_port_names_the_one_to_ask_for() -> None:
    near = Near(services=(service("emoji-svc", port(80, "web"), port(443, 8801)),))
    ports = [{"containerPort": 8080, "name": "web"}, {"containerPort": 8801}]
    obj = deployment(pods=template(container("app", ports=ports)))
    said = found(Want(skip_inbound=Ports.parse("80,9999")), near, obj=obj)
    assert said["service-port-asked"].fact == "80 is the port of Service emoji-svc; its containers listen on 8080."
    assert said["service-port-asked"].meaning.endswith("ask for 8080 instead.")
    assert "exposes 9999;" in said["port-not-exposed"].fact


def test_the_services_that_lead_to_the_port_say_whose_clients_lose_mtls() -> None:
    near = Near(services=(service("emoji-svc", port(80, 8080), port(81, 8801)), service("other", port(80), app="web")))
    one = found(SKIP, near)["clients-lose-mtls"]
    assert one.fact == "emoji-svc:80 leads here."
    assert "no policy names them" in one.meaning
    assert found(OFF, near)["clients-lose-mtls"].fact == "emoji-svc:80, emoji-svc:81 lead here."
    assert "prefer-opaque-ports" in found(SKIP, near)
    assert "prefer-opaque-ports" not in found(OFF, near)


def test_clients_that_policies_name_are_told_with_the_policy() -> None:
    near = Near(
        services=(service("emoji-svc", port(8080)),),
        servers=(server("grpc", 8080),),
        authorizations=(
            authorization("web-only", ("Server", "grpc"), ("MeshTLSAuthentication", "web")),
            authorization("bot", ("Namespace", "emojivoto"), ("ServiceAccount", "vote-bot")),
            authorization("else", ("Server", "else"), ("ServiceAccount", "nobody")),
        ),
        identities=(identity("web", identities=[WEB]),),
        network_policies=(
            network_policy("from-web", "Ingress", rule={"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}),
        ),
    )
    meaning = found(SKIP, near)["clients-lose-mtls"].meaning
    told = ("web.emojivoto (AuthorizationPolicy web-only)", "vote-bot (AuthorizationPolicy bot)")
    assert all(one in meaning for one in (*told, "pods app=web (NetworkPolicy from-web)"))
    assert "nobody" not in meaning


def test_without_a_service_only_who_dials_pods_is_affected() -> None:
    near = Near(services=(service("emoji-svc", port(8801)), service("headless", port(8080), app=None)))
    assert found(SKIP, near)["no-service"].fact == "No Service leads to 8080 on deployment/emoji."


def test_who_is_at_the_outbound_port_is_named_for_the_tenant_and_counted_elsewhere() -> None:
    peers = Peers((Peer("emojivoto", "db", 5432, meshed=True), Peer("data", "old", 5432)), {5432: 3})
    said = found(OUT, Near(peers=peers))
    assert said["outbound-peers"].fact == (
        "At port 5432: emojivoto/db (meshed), data/old (not known whether meshed), "
        "3 Services of other tenants or the platform."
    )
    assert said["prefer-opaque-ports"].fact == "db at port 5432 is meshed."
    assert said["prefer-opaque-ports"].severity is Severity.WARNING


def test_opaque_ports_are_not_offered_where_no_peer_is_meshed() -> None:
    peers = Peers((Peer("emojivoto", "db", 5432, meshed=False),), {})
    assert "prefer-opaque-ports" not in found(OUT, Near(peers=peers))
    assert found(OUT, Near(peers=Peers()))["outbound-nobody"].fact == "No Service of the cluster has port 5432."
    assert not {"outbound-nobody", "outbound-peers"} & found(OUT, Near(peers=None)).keys(), "nobody looked"


def test_a_peer_that_demands_an_identity_would_refuse_the_calls() -> None:
    peer = Peer("data", "db", 5432, meshed=True, demands="the inbound policy of namespace data is deny")
    one = found(OUT, Near(peers=Peers((peer,), {})))["peer-demands-identity"]
    assert one.fact == "data/db:5432 demands a mesh identity: the inbound policy of namespace data is deny."


def test_of_very_many_ports_some_are_named_and_the_rest_counted() -> None:
    many = Want(skip_outbound=Ports.parse("1000-1999"))
    peers = Peers((), dict.fromkeys(range(1000, 1010), 1))
    said = [one.code for one in workload_findings(view(near=Near(peers=peers)), many)]
    assert said.count("outbound-peers") == 6
    assert found(many, Near(peers=peers))["outbound-many"].fact.endswith("4 more of these ports: 1006-1009.")


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


@pytest.mark.parametrize(
    ("replicas", "hard", "used", "full"),
    [
        (3, {"pods": "3"}, {"pods": "3"}, "pods 3 of 3"),
        (3, {"pods": "4"}, {"pods": "3"}, None),
        (3, {"requests.cpu": "1"}, {"requests.cpu": "950m"}, "requests.cpu 950m of 1"),
        (3, {"memory": "1Gi"}, {"memory": "900Mi"}, "memory 900Mi of 1Gi"),
        (3, {"limits.memory": "1Gi"}, {"limits.memory": "100Mi"}, None),
        (0, {"pods": "3"}, {"pods": "3"}, None),
    ],
)
def test_a_quota_without_room_for_the_extra_pod_hangs_the_rollout(
    replicas: int, hard: dict[str, str], used: dict[str, str], full: str | None
) -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"memory": "200Mi"}}
    obj = deployment(pods=template(container("app", 8080, resources=resources)), replicas=replicas)
    one = found(SKIP, Near(), obj=obj, quotas=(quota("tight", hard, used),)).get("quota-full")
    assert (one is None) if full is None else (one is not None and full in one.fact and "would hang" in one.meaning)


def test_a_rollout_that_ends_pods_first_only_waits() -> None:
    full = quota("tight", {"pods": "8"}, {"pods": "8"})
    assert "would hang" not in found(SKIP, Near(), obj=deployment(replicas=8), quotas=(full,))["quota-full"].meaning
    recreated = deployment(strategy={"type": "Recreate"})
    assert "quota-full" not in found(SKIP, Near(), obj=recreated, quotas=(full,))


@pytest.mark.parametrize(
    ("bounds", "forbids"),
    [
        ({"type": "Container", "max": {"memory": "100Mi"}}, True),
        ({"type": "Container", "min": {"cpu": "200m"}}, True),
        ({"type": "Container", "max": {"memory": "1Gi"}, "min": {"cpu": "10m"}}, False),
        ({"type": "Pod", "max": {"memory": "100Mi"}}, False),
    ],
)
def test_bounds_that_were_made_later_refuse_new_pods(bounds: dict[str, Any], *, forbids: bool) -> None:
    resources = {"requests": {"cpu": "100m"}, "limits": {"memory": "200Mi"}}
    limits = ({"metadata": {"name": "small"}, "spec": {"limits": [bounds]}},)
    obj = deployment(pods=template(container("app", 8080, resources=resources)))
    one = found(SKIP, Near(), obj=obj, limits=limits).get("limit-range-forbids")
    assert (one is not None) is forbids
    assert one is None or one.fact == "LimitRange small forbids the resources of container app."


def test_an_autoscaler_is_said() -> None:
    near = Near(autoscalers=(autoscaler("emoji"), autoscaler("web")))
    assert found(SKIP, near)["autoscaled"].fact == "HorizontalPodAutoscaler emoji keeps 2 to 10 pods."


def plain_pod(name: str) -> dict[str, Any]:
    pod = {"metadata": {"name": name, "namespace": "emojivoto"}, "status": {"phase": "Running"}}
    return {**pod, "spec": {"containers": [container("app", 8080)]}}


def test_pods_that_the_injector_missed_are_told_with_what_mends_it() -> None:
    meshed = inject(plain_pod("emoji-1"), MESHED, MeshDefaults())
    pods = tuple(pod_facts(one) for one in (meshed, plain_pod("emoji-2"), plain_pod("emoji-3")))
    one = found(SKIP, Near(pods=pods))["pods-not-injected"]
    assert one.fact == "1 of 3 pods is injected, although the template is: emoji-2, emoji-3 not."
    assert "kubectl rollout restart deployment/emoji -n emojivoto" in one.meaning
    ended = tuple(replace(facts, finished=True) for facts in pods)
    assert "pods-not-injected" not in found(SKIP, Near(pods=ended))
    off = deployment(pods=template(annotations={INJECT: "disabled"}))
    assert "1 of 3 pods still has the proxy" in found(OFF, Near(pods=pods), obj=off)["pods-still-injected"].fact


def test_an_own_list_that_left_the_defaults_out_is_said() -> None:
    own = deployment(pods=template(annotations={SKIP_INBOUND: "25,4567"}))
    one = found(SKIP, Near(), obj=own)["defaults-left-out"]
    assert one.fact == 'The list of inbound ports "25,4567" (pod template) leaves out the default 4568.'
    assert "defaults-left-out" not in found(SKIP)


def test_a_list_that_could_not_be_read_is_said_and_hinders_nothing() -> None:
    one = found(SKIP, Near(unread=("Meshdesk may not list httproutes.",)))["not-looked"]
    assert (one.severity, one.fact) == (Severity.WARNING, "Meshdesk may not list httproutes.")


def test_a_pod_without_a_token_is_not_injected_by_control_planes_that_need_it() -> None:
    obj = template(automountServiceAccountToken=False)
    old = MeshDefaults(token_projection=False)
    [reason] = why_not_injected(pod_template_or_pod=obj, namespace=MESHED, defaults=old)
    assert reason.code == "disabled_automount_service_account_token_account"
    assert reason.text == 'automountServiceAccountToken set to "false"'
    assert why_not_injected(pod_template_or_pod=obj, namespace=MESHED, defaults=MeshDefaults()) == []
    assert 'set to "false"' in found(SKIP, obj=deployment(pods=obj), defaults=old)["not-meshed"].fact


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("250m", "0.25"),
        ("1Gi", "1073741824"),
        ("2", "2"),
        ("1e3", "1000"),
        ("1.5k", "1500"),
        ("4E", "4e18"),
        ("x", None),
    ],
)
def test_amounts_are_read_as_kubernetes_reads_them(text: str, number: str | None) -> None:
    read = quantity(text)
    assert (None if read is None else float(read)) == (None if number is None else float(number))


def test_another_account_loses_nothing_by_a_policy_for_this_one() -> None:
    near = Near(
        authorizations=(authorization("callers", ("Server", "voting"), ("MeshTLSAuthentication", "known")),),
        identities=(identity("known", identityRefs=[{"kind": "ServiceAccount", "name": "emoji"}]),),
    )
    assert "identity-lost" not in found(OFF, near, obj=deployment(pods=template(serviceAccountName="web")))
