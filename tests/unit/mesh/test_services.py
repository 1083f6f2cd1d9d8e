"""What preflight finds about Services: who calls the workload, whom it calls, and what nobody looked at."""

from __future__ import annotations

from typing import Any

from portal.mesh.annotations import INJECT
from portal.mesh.findings import Finding, Severity
from portal.mesh.impact import workload_findings
from portal.mesh.near import Near, Peer, Peers
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from tests.unit.mesh.near_objects import (
    authorization,
    identity,
    network_policy,
    port,
    server,
    service,
)
from tests.unit.mesh.objects import container, deployment, template, view

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


def test_a_list_that_could_not_be_read_is_said_and_hinders_nothing() -> None:
    one = found(SKIP, Near(unread=("Meshdesk may not list httproutes.",)))["not-looked"]
    assert (one.severity, one.fact) == (Severity.WARNING, "Meshdesk may not list httproutes.")
