"""What may be around a workload: Services, policies, quotas and owners as an API server gives them, for tests."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
NAMESPACE = "emojivoto"


def named(api_version: str, kind: str, name: str, spec: Object, **metadata: Any) -> Object:
    where = {"name": name, "namespace": NAMESPACE, **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": where, "spec": spec}


def service(name: str, *ports: Object, app: str | None = "emoji", namespace: str = NAMESPACE, **more: Any) -> Object:
    selector = {} if app is None else {"selector": {"app": app}}
    return named("v1", "Service", name, {"ports": list(ports), **selector, **more}, namespace=namespace)


def port(number: int, target: int | str | None = None) -> Object:
    return {"port": number, "targetPort": number if target is None else target, "protocol": "TCP"}


def server(name: str, number: int | str, app: str = "emoji") -> Object:
    spec = {"podSelector": {"matchLabels": {"app": app}}, "port": number, "proxyProtocol": "HTTP/1"}
    return named("policy.linkerd.io/v1beta3", "Server", name, spec)


def authorization(name: str, target: tuple[str, str], *authentications: tuple[str, str]) -> Object:
    group = "policy.linkerd.io"
    spec = {
        "targetRef": {"group": "core" if target[0] == "Namespace" else group, "kind": target[0], "name": target[1]},
        "requiredAuthenticationRefs": [
            {**({} if kind == "ServiceAccount" else {"group": group}), "kind": kind, "name": who}
            for kind, who in authentications
        ],
    }
    return named("policy.linkerd.io/v1alpha1", "AuthorizationPolicy", name, spec)


def identity(name: str, **spec: Any) -> Object:
    return named("policy.linkerd.io/v1alpha1", "MeshTLSAuthentication", name, spec)


def route(name: str, parent: str) -> Object:
    reference = {"group": "policy.linkerd.io", "kind": "Server", "name": parent}
    return named("policy.linkerd.io/v1beta3", "HTTPRoute", name, {"parentRefs": [reference]})


def network_policy(
    name: str, direction: str, *ports: int | str, app: str = "emoji", rule: Object | None = None
) -> Object:
    body = {**(rule or {}), **({"ports": [{"protocol": "TCP", "port": one} for one in ports]} if ports else {})}
    spec = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": [direction], direction.lower(): [body]}
    return named("networking.k8s.io/v1", "NetworkPolicy", name, spec)


def quota(name: str, hard: dict[str, str], used: dict[str, str]) -> Object:
    return {**named("v1", "ResourceQuota", name, {"hard": hard}), "status": {"hard": hard, "used": used}}


def autoscaler(name: str, *, least: int = 2, most: int = 10) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most}
    return named("autoscaling/v2", "HorizontalPodAutoscaler", name, spec)


def managed(manager: str, operation: str, fields: Object, **more: Any) -> Object:
    same = {"apiVersion": "apps/v1", "fieldsType": "FieldsV1", "time": "2026-03-01T10:00:00Z"}
    return {"manager": manager, "operation": operation, "fieldsV1": {"f:spec": {"f:template": fields}}, **same, **more}
