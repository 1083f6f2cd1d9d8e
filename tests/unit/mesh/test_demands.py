"""Which destinations of a Job demand a mesh identity, and which cannot be checked."""

from __future__ import annotations

from typing import Any

import pytest

from portal.mesh.demands import DEFAULT_POLICY, Surroundings, no_proxy_blockers
from portal.mesh.destinations import Destination
from portal.mesh.findings import Finding, Severity
from tests.unit.mesh.called_objects import (
    DB,
    Object,
    meshed_pod,
    namespace,
    networks,
    old_authorization,
    plain_pod,
    policy,
    server,
    service,
)


def around(**objects: Any) -> Surroundings:
    return Surroundings(**{"services": [service()], "pods": [meshed_pod()], "namespaces": [namespace()], **objects})


def judged(seen: Surroundings, destination: Destination = DB) -> Finding:
    [found] = no_proxy_blockers([destination], seen)
    return found


@pytest.mark.parametrize(
    ("objects", "says"),
    [
        ({"services": []}, "no such Service"),
        ({"services": [service("other")]}, "no such Service"),
        ({"services": [service(selector=None)]}, "selects no pods"),
        ({"services": [service("db", {"port": 1})]}, "no TCP port 5432"),
        ({"pods": []}, "no pod that runs"),
        ({"pods": [{**meshed_pod(), "status": {"phase": "Succeeded"}}]}, "no pod that runs"),
        ({"services": [service("db", {"port": 5432, "targetPort": "nowhere"})]}, "no pod that runs"),
    ],
)
def test_what_cannot_be_seen_is_said_to_be_unchecked(objects: dict[str, Any], says: str) -> None:
    found = judged(around(**objects))
    assert (found.code, found.severity, found.target) == ("destination-not-checked", Severity.WARNING, "data/db:5432")
    assert says in found.fact


@pytest.mark.parametrize("said", ["all-authenticated", "cluster-authenticated", "deny"])
@pytest.mark.parametrize("where", ["pod", "namespace", "control plane"])
def test_a_default_that_demands_an_identity_blocks(said: str, where: str) -> None:
    annotation = {DEFAULT_POLICY: said}
    objects: dict[str, Any] = {
        "pod": {"pods": [meshed_pod(**annotation)], "namespaces": []},
        "namespace": {"namespaces": [namespace(**annotation)]},
        "control plane": {"default_policy": said},
    }[where]
    found = judged(around(**objects))
    assert (found.code, found.severity) == ("destination-demands-identity", Severity.BLOCKING)
    assert where in found.fact
    assert said in found.fact


@pytest.mark.parametrize("said", ["all-unauthenticated", "cluster-unauthenticated", "audit"])
def test_a_default_that_admits_all_does_not(said: str) -> None:
    assert judged(around(default_policy=said)).severity is Severity.INFO
    # The pod's own goes before its namespace's, and that before the control plane's.
    own = around(pods=[meshed_pod(**{DEFAULT_POLICY: said})], namespaces=[namespace(**{DEFAULT_POLICY: "deny"})])
    assert judged(own).severity is Severity.INFO
    theirs = around(namespaces=[namespace(**{DEFAULT_POLICY: said})], default_policy="deny")
    assert judged(theirs).severity is Severity.INFO


def test_a_default_that_is_not_known_is_not_guessed() -> None:
    assert judged(around(default_policy="all-new")).severity is Severity.WARNING
    assert judged(around(namespaces=[])).severity is Severity.WARNING


def test_without_a_proxy_in_the_way_nothing_is_demanded() -> None:
    assert judged(around(pods=[plain_pod()], default_policy="deny")).severity is Severity.INFO
    skipped = meshed_pod(**{"config.linkerd.io/skip-inbound-ports": "6432"})
    assert judged(around(pods=[skipped], default_policy="deny")).severity is Severity.INFO
    other = meshed_pod(**{"config.linkerd.io/skip-inbound-ports": "9187"})
    assert judged(around(pods=[other], default_policy="deny")).severity is Severity.BLOCKING


@pytest.mark.parametrize(
    ("objects", "severity", "says"),
    [
        ({}, Severity.BLOCKING, "nobody is authorized"),
        (
            {"authorization_policies": [policy(("MeshTLSAuthentication", "all"))]},
            Severity.BLOCKING,
            "MeshTLSAuthentication",
        ),
        ({"authorization_policies": [policy(("ServiceAccount", "web"))]}, Severity.BLOCKING, "requires ServiceAccount"),
        (
            {"authorization_policies": [policy(("MeshTLSAuthentication", "all"), kind="Namespace", name="data")]},
            Severity.BLOCKING,
            "MeshTLSAuthentication",
        ),
        ({"authorization_policies": [policy()]}, Severity.INFO, ""),
        (
            {
                "authorization_policies": [policy(("NetworkAuthentication", "any"))],
                "network_authentications": [networks("any", "0.0.0.0/0", "::/0")],
            },
            Severity.INFO,
            "",
        ),
        (
            {
                "authorization_policies": [policy(("NetworkAuthentication", "some"))],
                "network_authentications": [networks("some", "10.0.0.0/8")],
            },
            Severity.WARNING,
            "from some networks",
        ),
        ({"authorization_policies": [policy(("NetworkAuthentication", "unseen"))]}, Severity.WARNING, "some networks"),
        (
            {
                "authorization_policies": [policy(("NetworkAuthentication", "any"), ("MeshTLSAuthentication", "all"))],
                "network_authentications": [networks("any", "0.0.0.0/0")],
            },
            Severity.BLOCKING,
            "MeshTLSAuthentication",
        ),
        ({"authorization_policies": [policy(name="other")]}, Severity.BLOCKING, "nobody is authorized"),
        ({"authorization_policies": [policy(kind="HTTPRoute", name="r")]}, Severity.WARNING, "single routes"),
        (
            {"server_authorizations": [old_authorization({"meshTLS": {"identities": ["*"]}})]},
            Severity.BLOCKING,
            "mutual TLS",
        ),
        (
            {"server_authorizations": [old_authorization({"meshTLS": {"unauthenticatedTLS": True}})]},
            Severity.BLOCKING,
            "mutual TLS",
        ),
        ({"server_authorizations": [old_authorization({"unauthenticated": True})]}, Severity.INFO, ""),
        (
            {
                "server_authorizations": [
                    old_authorization({"unauthenticated": True, "networks": [{"cidr": "10.0.0.0/8"}]})
                ]
            },
            Severity.WARNING,
            "from some networks",
        ),
        (
            {
                "server_authorizations": [
                    old_authorization({"unauthenticated": True}, selector={"matchLabels": {"server": "sql"}})
                ]
            },
            Severity.INFO,
            "",
        ),
        (
            {
                "authorization_policies": [policy(("MeshTLSAuthentication", "all"))],
                "server_authorizations": [old_authorization({"unauthenticated": True})],
            },
            Severity.INFO,
            "",
        ),
    ],
)
def test_a_server_admits_whom_its_authorizations_admit(objects: dict[str, Any], severity: Severity, says: str) -> None:
    found = judged(around(servers=[server()], **objects))
    assert found.severity is severity, found
    assert says in found.fact


@pytest.mark.parametrize(
    ("access", "severity"),
    [
        ("deny", Severity.BLOCKING),
        ("all-authenticated", Severity.BLOCKING),
        ("all-unauthenticated", Severity.INFO),
        ("audit", Severity.INFO),
    ],
)
def test_a_server_without_authorizations_does_as_its_access_policy_says(access: str, severity: Severity) -> None:
    assert judged(around(servers=[server(accessPolicy=access)])).severity is severity


@pytest.mark.parametrize(
    ("one", "counts"),
    [
        (server(port="sql"), True),
        (server(port=6432), True),
        (server(port=5432), False),
        (server(port="metrics"), False),
        (server(podSelector={"matchLabels": {"app": "web"}}), False),
        (
            {"metadata": {"name": "vm", "namespace": "data"}, "spec": {"externalWorkloadSelector": {}, "port": 6432}},
            False,
        ),
        ({**server(), "metadata": {"name": "sql", "namespace": "other"}}, False),
    ],
)
def test_only_servers_of_that_pod_and_port_count(one: Object, counts: bool) -> None:
    assert (judged(around(servers=[one])).severity is Severity.BLOCKING) is counts


def test_every_destination_is_judged_once_and_by_its_strictest_port() -> None:
    both = service("db", {"port": 5432, "targetPort": "sql"}, {"port": 9187, "targetPort": "metrics"})
    seen = around(services=[both], servers=[server(port="metrics")])
    whole = Destination("data", "db")
    found = no_proxy_blockers([whole, DB, whole, Destination("data", "gone")], seen)
    assert [one.severity for one in found] == [Severity.BLOCKING, Severity.INFO, Severity.WARNING]
    assert [one.target for one in found] == ["data/db", "data/db:5432", "data/gone"]
