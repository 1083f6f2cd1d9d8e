"""Linkerd's policies on a workload: which Servers guard its ports, and which authorizations count on each. Pure.

demands.py judges whether one caller is let in; this says what stops counting when traffic passes the proxy by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.injection import selects
from portal.mesh.near import Near
from portal.mesh.ports import Ports
from portal.mesh.services import pod_labels
from portal.mesh.workloads import named_ports

Object = Mapping[str, Any]
_SERVICE_ACCOUNT = "serviceaccount.identity."


@dataclass(frozen=True)
class Guard:
    """A Server on one port of the workload, the HTTPRoutes on it, and what authorizes its callers, by kind and name."""

    name: str
    port: int
    routes: tuple[str, ...]
    authorizations: tuple[str, ...]


def guards(obj: Object, near: Near, ports: Ports | None) -> list[Guard]:
    """The Servers that select the workload's pods on one of these ports; None: on any."""
    labels, names = pod_labels(obj), named_ports(obj)
    found = []
    for server in near.servers:
        spec = server.get("spec") or {}
        port = _number(spec.get("port"), names)
        if port is None or "podSelector" not in spec or not selects(spec["podSelector"], labels):
            continue
        if ports is None or port in ports:
            routes = _routes(server, near)
            found.append(Guard(_name(server), port, tuple(routes), tuple(_authorizations(server, routes, near))))
    return found


def _number(port: Any, names: Mapping[str, int]) -> int | None:
    # The API server keeps a port number as a number or, where it was written so, as text.
    text = str(port)
    return int(text) if text.isdigit() else names.get(text)


def _routes(server: Object, near: Near) -> list[str]:
    return [
        _name(route)
        for route in near.routes
        if any(
            one.get("kind") == "Server" and one.get("name") == _name(server)
            for one in (route.get("spec") or {}).get("parentRefs") or []
        )
    ]


def _authorizations(server: Object, routes: list[str], near: Near) -> Iterator[str]:
    targets = {("Server", _name(server)), ("Namespace", server["metadata"].get("namespace", ""))}
    targets |= {("HTTPRoute", name) for name in routes}
    for policy in near.authorizations:
        target = policy["spec"]["targetRef"]
        if (target.get("kind"), target.get("name")) in targets:
            yield f"AuthorizationPolicy {_name(policy)}"
    for old in near.old_authorizations:
        chosen = old["spec"].get("server") or {}
        labels = server["metadata"].get("labels") or {}
        by_name = chosen.get("name") == _name(server)
        if by_name or ("selector" in chosen and selects(chosen["selector"], labels)):
            yield f"ServerAuthorization {_name(old)}"


def policies_for(account: str, namespace: str, near: Near) -> list[str]:
    """The AuthorizationPolicies that let this ServiceAccount in by its mesh identity, by name."""
    named = {_name(one) for one in near.identities if _names_account(one, account, namespace)}
    return [
        _name(policy)
        for policy in near.authorizations
        if any(_refers(one, named, account) for one in policy["spec"].get("requiredAuthenticationRefs") or [])
    ]


def _refers(reference: Object, identities: set[str], account: str) -> bool:
    kind, name = reference.get("kind"), reference.get("name")
    return (kind == "MeshTLSAuthentication" and name in identities) or (kind == "ServiceAccount" and name == account)


def _names_account(identity: Object, account: str, namespace: str) -> bool:
    spec = identity.get("spec") or {}
    own = f"{account}.{namespace}.{_SERVICE_ACCOUNT}"
    if any(one.startswith((own, f"*.{namespace}.{_SERVICE_ACCOUNT}")) or one == "*" for one in _texts(spec)):
        return True
    return any(_is_reference(one, account, namespace, identity) for one in spec.get("identityRefs") or [])


def _texts(spec: Object) -> list[str]:
    return [str(one) for one in spec.get("identities") or []]


def _is_reference(reference: Object, account: str, namespace: str, identity: Object) -> bool:
    if reference.get("kind") == "Namespace":
        return bool(reference.get("name", namespace) == namespace)
    here = reference.get("namespace") or identity["metadata"].get("namespace")
    return bool(reference.get("kind") == "ServiceAccount" and (reference.get("name"), here) == (account, namespace))


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])
