"""All objects of the guard of one cluster: `guard render` prints them, workers hold the cluster to them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.guard.names import (
    ACTIVE,
    API,
    BINDING,
    NAMESPACE,
    PARAMETERS,
    POLICIES,
    WORKLOADS,
    Mode,
    binding_name,
)
from portal.mesh.guard.policies import LABELS, policies
from portal.mesh.objects import ObjectRef

Object = dict[str, Any]
# Set by the API server on each Namespace, whatever somebody writes: the one label that cannot be dropped.
NAME_LABEL = "kubernetes.io/metadata.name"
_ACTIONS = {Mode.AUDIT: ["Audit"], Mode.WARN: ["Warn", "Audit"], Mode.DENY: ["Deny"]}
_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Guard:
    """What the guard of a cluster is to be: the mode of each namespace that a tenant owns, and where people ask."""

    cluster: str
    modes: Mapping[str, Mode] = field(default_factory=dict)
    defaults: MeshDefaults = field(default_factory=MeshDefaults)
    ask_at: str | None = None

    @property
    def on(self) -> bool:
        """Whether it does anything at all."""
        return any(mode is not Mode.OFF for mode in self.modes.values())

    def of_mode(self, mode: Mode) -> list[str]:
        """The namespaces in that mode, by name."""
        return sorted(name for name, one in self.modes.items() if one is mode)


def held(guard: Guard) -> list[Object]:
    """The policies and bindings that are to be in the cluster; none where the guard is off."""
    if not guard.on:
        return []
    return [*policies(guard.cluster, guard.defaults, guard.ask_at), *_bindings(guard)]


def all_refs() -> list[ObjectRef]:
    """Every policy and binding that the guard ever has, bindings first: the order in which they are taken away."""
    bindings = [binding_name(policy, mode) for policy in POLICIES for mode in ACTIVE]
    named = [(BINDING, name) for name in bindings] + [("ValidatingAdmissionPolicy", name) for name in POLICIES]
    return [ObjectRef(API, kind, "", name) for kind, name in named]


def whole(guard: Guard, data: Mapping[str, str]) -> list[Object]:
    """Everything, as somebody applies it by hand or from a repository: namespace, rights, parameters, policies.

    The parameters come before the policies, so that nothing is denied for want of them.
    """
    return [*place(), parameters(data), *held(guard)]


def place() -> list[Object]:
    """The namespace of the parameters, which no tenant may write, and the worker's right to keep them."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": LABELS}}
    metadata = {"name": "meshdesk-worker-guard", "namespace": NAMESPACE, "labels": LABELS}
    rights = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": [PARAMETERS], "verbs": ["get", "patch"]}
    create = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]}
    role = {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": metadata, "rules": [rights, create]}
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": "meshdesk-worker-guard"},
        "subjects": [{"kind": "ServiceAccount", "name": "meshdesk-worker", "namespace": "meshdesk"}],
    }
    return [namespace, role, binding]


def parameters(data: Mapping[str, str]) -> Object:
    """The one object that says what live tickets allow."""
    metadata = {"name": PARAMETERS, "namespace": NAMESPACE, "labels": LABELS}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


def _bindings(guard: Guard) -> Iterator[Object]:
    for policy in POLICIES:
        for mode in ACTIVE:
            if names := guard.of_mode(mode):
                yield _binding(policy, mode, names)


def _binding(policy: str, mode: Mode, names: list[str]) -> Object:
    chosen = {"matchExpressions": [{"key": NAME_LABEL, "operator": "In", "values": names}]}
    spec: Object = {
        "policyName": policy,
        "validationActions": _ACTIONS[mode],
        "matchResources": {"matchPolicy": "Equivalent", "namespaceSelector": chosen, "objectSelector": {}},
    }
    if policy == WORKLOADS:
        # Where it denies, nothing passes while the parameters are gone; elsewhere their absence must deny nothing.
        absent = "Deny" if mode is Mode.DENY else "Allow"
        spec["paramRef"] = {"name": PARAMETERS, "namespace": NAMESPACE, "parameterNotFoundAction": absent}
    metadata = {"name": binding_name(policy, mode), "labels": LABELS}
    return {"apiVersion": API, "kind": BINDING, "metadata": metadata, "spec": spec}
