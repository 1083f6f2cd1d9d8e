"""Whether what a Job calls would refuse it without a proxy: destinations that demand a mesh identity of their callers.

As Linkerd's policy controller decides: a Server that selects the pod and port, with the authorizations for it, else the
default inbound policy of pod, namespace or control plane. Whoever is not meshed has neither identity nor TLS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.destinations import Arrival, Destination, arrivals
from portal.mesh.findings import Finding, Severity
from portal.mesh.injection import selects

Object = Mapping[str, Any]

DEFAULT_POLICY = "config.linkerd.io/default-inbound-policy"
# A Job runs inside the cluster.
_ADMIT = ("all-unauthenticated", "cluster-unauthenticated", "audit")
_DEMAND = ("all-authenticated", "cluster-authenticated", "deny")
_EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Surroundings:
    """Raw objects of the namespaces that are called, as far as they are visible: what is not here is not checked.

    `default_policy` is Helm's proxy.defaultInboundPolicy.
    """

    services: list[Object] = field(default_factory=list)
    pods: list[Object] = field(default_factory=list)
    namespaces: list[Object] = field(default_factory=list)
    servers: list[Object] = field(default_factory=list)
    authorization_policies: list[Object] = field(default_factory=list)
    server_authorizations: list[Object] = field(default_factory=list)
    network_authentications: list[Object] = field(default_factory=list)
    default_policy: str = "all-unauthenticated"


@dataclass(frozen=True)
class _Verdict:
    """What one destination does with a caller without a proxy, and by which rule, as a clause."""

    severity: Severity
    why: str


def no_proxy_blockers(destinations: list[Destination], around: Surroundings) -> list[Finding]:
    """For each destination what would refuse its unmeshed caller (blocking), what could not be checked or admits only
    some (warnings), and one info where nothing stands in the way."""
    return [_judged(one, around) for one in dict.fromkeys(destinations)]


def demand_of(destination: Destination, around: Surroundings) -> str:
    """By which rule it refuses every caller without a mesh identity, as a clause; "" where it does not."""
    found = arrivals(destination, around.services, around.pods)
    verdicts = [] if isinstance(found, str) else [_verdict(one, around) for one in found]
    return next((one.why for one in verdicts if one.severity is Severity.BLOCKING), "")


def stance(arrival: Arrival, around: Surroundings) -> tuple[Severity, str]:
    """What stands at a pod's port against a caller without a mesh identity, and by which rule, as a clause.

    BLOCKING: it is refused; WARNING: only some are admitted; INFO: it is admitted.
    """
    found = _verdict(arrival, around)
    return found.severity, found.why


def _judged(destination: Destination, around: Surroundings) -> Finding:
    found = arrivals(destination, around.services, around.pods)
    if isinstance(found, str):
        return _unchecked(destination, found)
    verdicts = [_verdict(one, around) for one in found]
    worst = next((one for severity in Severity for one in verdicts if one.severity is severity), None)
    if worst is None or worst.severity is Severity.INFO:
        fact, meaning = f"{destination} takes calls without a mesh identity.", "The Job can call it without a proxy."
        return Finding("destination-open", Severity.INFO, str(destination), fact, meaning)
    if worst.severity is Severity.WARNING:
        meaning = "Whether the Job is among these callers was not checked: ask whoever owns the destination."
        fact = f"{destination} takes calls without a mesh identity from some callers only: {worst.why}."
        return Finding("destination-partly-open", Severity.WARNING, str(destination), fact, meaning)
    meaning = "It would refuse the Job without a proxy: choose another way, or have its owner admit such callers first."
    fact = f"{destination} demands a mesh identity: {worst.why}."
    return Finding("destination-demands-identity", Severity.BLOCKING, str(destination), fact, meaning)


def _unchecked(destination: Destination, why: str) -> Finding:
    fact = f"{destination} was not checked: {why}."
    meaning = "If it demands a mesh identity, it refuses the Job without a proxy: ask whoever owns it."
    return Finding("destination-not-checked", Severity.WARNING, str(destination), fact, meaning)


def _verdict(arrival: Arrival, around: Surroundings) -> _Verdict:
    if not arrival.passes_proxy:
        return _Verdict(Severity.INFO, "no proxy of it sees the call")
    servers = [one for one in around.servers if _serves(one, arrival)]
    if not servers:
        return _by_default(arrival, around)
    verdicts = [_by_server(server, around) for server in servers]
    return next(one for severity in Severity for one in verdicts if one.severity is severity)


def _serves(server: Object, arrival: Arrival) -> bool:
    spec, metadata = server["spec"], arrival.pod["metadata"]
    same = server["metadata"].get("namespace") == metadata.get("namespace") and "podSelector" in spec
    # The API server keeps a port number as a number or, where it was written so, as text.
    is_port = str(spec.get("port")) in (str(arrival.port), arrival.name)
    return same and is_port and selects(spec["podSelector"], metadata.get("labels") or {})


def _by_default(arrival: Arrival, around: Surroundings) -> _Verdict:
    name = arrival.pod["metadata"].get("namespace")
    namespace = next((one for one in around.namespaces if one["metadata"]["name"] == name), None)
    if (said := _annotation(arrival.pod)) is not None:
        return _by_policy(said, f"pod {arrival.pod['metadata'].get('name')}")
    if namespace is None:
        return _Verdict(Severity.WARNING, f"namespace {name} could not be read, and its default may demand one")
    if (said := _annotation(namespace)) is not None:
        return _by_policy(said, f"namespace {name}")
    return _by_policy(around.default_policy, "the control plane")


def _annotation(obj: Object) -> str | None:
    found: str | None = (obj["metadata"].get("annotations") or {}).get(DEFAULT_POLICY)
    return found


def _by_policy(policy: str, where: str) -> _Verdict:
    # A policy that is not known here may demand one or not: it is said, not guessed.
    otherwise = Severity.BLOCKING if policy in _DEMAND else Severity.WARNING
    severity = Severity.INFO if policy in _ADMIT else otherwise
    return _Verdict(severity, f"the inbound policy of {where} is {policy}")


def _by_server(server: Object, around: Surroundings) -> _Verdict:
    name, namespace = server["metadata"]["name"], server["metadata"].get("namespace")
    verdicts = [*_policies(server, around), *_server_authorizations(server, around)]
    admitting = [one for one in verdicts if one.severity is not Severity.BLOCKING]
    if admitting:
        # One authorization that admits the caller is enough; the widest counts.
        return next((one for one in admitting if one.severity is Severity.INFO), admitting[0])
    access = (server.get("spec") or {}).get("accessPolicy", "deny")
    if not verdicts and access != "deny":
        return _by_policy(access, f"Server {name}")
    if _has_open_route(str(namespace), around):
        return _Verdict(Severity.WARNING, f"Server {name} has authorizations of its own for single routes")
    reasons = ", ".join(one.why for one in verdicts) or "nobody is authorized for it"
    return _Verdict(Severity.BLOCKING, f"Server {name} ({reasons})")


def _policies(server: Object, around: Surroundings) -> Iterator[_Verdict]:
    for policy in around.authorization_policies:
        if _targets(policy, server):
            yield _by_references(policy, around)


def _targets(policy: Object, server: Object) -> bool:
    target, namespace = policy["spec"]["targetRef"], server["metadata"].get("namespace")
    if policy["metadata"].get("namespace") != namespace:
        return False
    if target["kind"] == "Namespace":
        return bool(target["name"] == namespace)
    return bool(target["kind"] == "Server" and target["name"] == server["metadata"]["name"])


def _by_references(policy: Object, around: Surroundings) -> _Verdict:
    name, references = policy["metadata"]["name"], policy["spec"].get("requiredAuthenticationRefs") or []
    kinds = sorted({one["kind"] for one in references if one["kind"] != "NetworkAuthentication"})
    if kinds:
        return _Verdict(Severity.BLOCKING, f"AuthorizationPolicy {name} requires {' and '.join(kinds)}")
    if all(_is_everywhere(one, policy, around) for one in references):
        return _Verdict(Severity.INFO, f"AuthorizationPolicy {name}")
    return _Verdict(Severity.WARNING, f"AuthorizationPolicy {name} admits callers from some networks")


def _is_everywhere(reference: Object, policy: Object, around: Surroundings) -> bool:
    wanted = (reference.get("namespace") or policy["metadata"].get("namespace"), reference["name"])
    for one in around.network_authentications:
        if (one["metadata"].get("namespace"), one["metadata"]["name"]) == wanted:
            return _all_networks(one["spec"].get("networks"))
    return False


def _all_networks(networks: list[Object] | None) -> bool:
    return any(one["cidr"] == _EVERYWHERE and not one.get("except") for one in networks or [])


def _server_authorizations(server: Object, around: Surroundings) -> Iterator[_Verdict]:
    for one in around.server_authorizations:
        if one["metadata"].get("namespace") == server["metadata"].get("namespace") and _names(one, server):
            yield _by_client(one)


def _names(authorization: Object, server: Object) -> bool:
    chosen = authorization["spec"]["server"]
    if chosen.get("name") is not None:
        return bool(chosen["name"] == server["metadata"]["name"])
    return selects(chosen.get("selector"), server["metadata"].get("labels") or {})


def _by_client(authorization: Object) -> _Verdict:
    name, client = authorization["metadata"]["name"], authorization["spec"].get("client") or {}
    if not client.get("unauthenticated"):
        return _Verdict(Severity.BLOCKING, f"ServerAuthorization {name} requires mutual TLS")
    networks = client.get("networks")
    if not networks or _all_networks(networks):
        return _Verdict(Severity.INFO, f"ServerAuthorization {name}")
    return _Verdict(Severity.WARNING, f"ServerAuthorization {name} admits callers from some networks")


def _has_open_route(namespace: str, around: Surroundings) -> bool:
    # Authorizations of single routes widen what the Server admits; which routes the Job calls is not known.
    return any(
        policy["metadata"].get("namespace") == namespace
        and policy["spec"]["targetRef"]["kind"] == "HTTPRoute"
        and _by_references(policy, around).severity is not Severity.BLOCKING
        for policy in around.authorization_policies
    )
