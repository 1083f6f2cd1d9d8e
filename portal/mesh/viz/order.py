"""In which order Viz is created and taken away, and what must be seen before the next step.

The orders are linkerd.md's of the facts, derived from linkerd2's own `viz install` and `viz uninstall` and from what
an API server does: an APIService without its server hangs every namespace deletion of the cluster (linkerd2 #11681).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.mesh.objects import ObjectRef
from portal.mesh.viz.bundle import Bundle
from portal.mesh.viz.names import Object

_ROLLED = ("Deployment", "StatefulSet", "DaemonSet")
_POLICIES = (
    "Server",
    "HTTPRoute",
    "AuthorizationPolicy",
    "ServerAuthorization",
    "MeshTLSAuthentication",
    "NetworkAuthentication",
    "ServiceProfile",
)

LABELLED: tuple[tuple[str, str], ...] = (
    ("v1", "Namespace"),
    ("v1", "ServiceAccount"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("v1", "Pod"),
    ("apps/v1", "Deployment"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ("policy.linkerd.io/v1beta1", "Server"),
    ("policy.linkerd.io/v1alpha1", "HTTPRoute"),
    ("policy.linkerd.io/v1alpha1", "AuthorizationPolicy"),
    ("policy.linkerd.io/v1beta1", "ServerAuthorization"),
    ("policy.linkerd.io/v1alpha1", "MeshTLSAuthentication"),
    ("policy.linkerd.io/v1alpha1", "NetworkAuthentication"),
    ("linkerd.io/v1alpha2", "ServiceProfile"),
)
"""Where objects with Viz's label are looked for, in all namespaces, when its removal is proven: versions that every
Linkerd since 2.12 serves. A kind that a cluster does not serve has no objects."""


class Wait(StrEnum):
    """What must be seen of a stage before the next begins."""

    NOTHING = "nothing"
    NAMESPACE_ACTIVE = "namespace active"
    PODS_AVAILABLE = "pods available"
    API_AVAILABLE = "API available"


@dataclass(frozen=True)
class Stage:
    """Objects that are created one after the other, and what to wait for after the last."""

    name: str
    objects: tuple[Object, ...]
    waits: Wait = Wait.NOTHING


def creation_stages(bundle: Bundle) -> list[Stage]:
    """The stages of an installation, in order; those without objects are left out.

    The webhook is last: until then no pod anywhere is sent to it.
    """
    first = {
        "namespace": (("Namespace",), Wait.NAMESPACE_ACTIVE),
        "accounts": (("ServiceAccount", "ConfigMap", "Secret", "ClusterRole", "Role"), Wait.NOTHING),
        "bindings": (("ClusterRoleBinding", "RoleBinding"), Wait.NOTHING),
        "policies": (_POLICIES, Wait.NOTHING),
        "services": (("Service",), Wait.NOTHING),
    }
    last = {
        "api": (("APIService",), Wait.API_AVAILABLE),
        "webhook": (("MutatingWebhookConfiguration",), Wait.NOTHING),
    }
    named = {kind for kinds, _ in (*first.values(), *last.values()) for kind in kinds}
    rest = sorted({obj["kind"] for obj in bundle.objects} - named, key=lambda kind: (kind in _ROLLED, kind))
    stages = {**first, "workloads": (tuple(rest), Wait.PODS_AVAILABLE), **last}
    made = [Stage(name, _of_kinds(bundle, kinds), waits) for name, (kinds, waits) in stages.items()]
    return [stage for stage in made if stage.objects]


def _of_kinds(bundle: Bundle, kinds: Iterable[str]) -> tuple[Object, ...]:
    return tuple(obj for kind in kinds for obj in bundle.objects if obj["kind"] == kind)


def unmet(stage: Stage, seen: Mapping[ObjectRef, Mapping[str, Any]]) -> list[str]:
    """Why the wait of a stage is not over, a sentence for each object; [] when it is. `seen` is the cluster now."""
    look = _LOOKS.get(stage.waits)
    found: list[str] = []
    for obj in stage.objects if look else ():
        ref = ObjectRef.of(obj)
        there = seen.get(ref)
        found += [f"{ref} is not there."] if there is None else look(ref, there) if look else []
    return found


def _namespace(ref: ObjectRef, obj: Mapping[str, Any]) -> list[str]:
    phase = (obj.get("status") or {}).get("phase")
    return [] if phase == "Active" else [f"{ref} is not active ({phase or 'no phase yet'})."]


def _pods(ref: ObjectRef, obj: Mapping[str, Any]) -> list[str]:
    if ref.kind not in _ROLLED:
        return []
    status = obj.get("status") or {}
    if (status.get("observedGeneration") or 0) < (obj["metadata"].get("generation") or 0):
        return [f"{ref} has not been looked at by its controller yet."]
    if ref.kind == "DaemonSet":
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberAvailable") or 0
    else:
        replicas = (obj.get("spec") or {}).get("replicas")
        wanted, ready = 1 if replicas is None else replicas, status.get("availableReplicas") or 0
    if ready >= wanted:
        return []
    return [f"{ref} has {ready} of {wanted} pods ready{_why(status)}."]


def _why(status: Mapping[str, Any]) -> str:
    for condition in status.get("conditions") or []:
        failed = (condition.get("type"), condition.get("status"))
        if failed in (("ReplicaFailure", "True"), ("Progressing", "False")):
            return f" ({condition.get('reason')}: {condition.get('message', '').rstrip('.')})"
    return ""


def _api(ref: ObjectRef, obj: Mapping[str, Any]) -> list[str]:
    conditions = (obj.get("status") or {}).get("conditions") or []
    found = next((one for one in conditions if one.get("type") == "Available"), None)
    if found is None:
        return [f"{ref} is not Available: the API server has not looked at it yet."]
    if found.get("status") == "True":
        return []
    return [f"{ref} is not Available: {found.get('reason')}: {found.get('message', '').rstrip('.')}."]


_LOOKS: dict[Wait, Callable[[ObjectRef, Mapping[str, Any]], list[str]]] = {
    Wait.NAMESPACE_ACTIVE: _namespace,
    Wait.PODS_AVAILABLE: _pods,
    Wait.API_AVAILABLE: _api,
}


def removal_stages(refs: Iterable[ObjectRef], viz_namespace: str) -> list[list[ObjectRef]]:
    """The objects in the order of their removal: all of one list are to be gone before the next is begun.

    What lies in Viz's namespace comes before the Namespace itself, so that each can be proven; in it whatever runs goes
    first. In a tenant's namespace a Server goes before what allows its traffic, or probes would be denied in between.
    """
    left = sorted(set(refs))
    stages: list[list[ObjectRef]] = []
    for belongs in _removals(viz_namespace):
        stage = [ref for ref in left if belongs(ref)]
        left = [ref for ref in left if not belongs(ref)]
        stages += [stage] if stage else []
    return stages


def _removals(viz_namespace: str) -> Iterator[Callable[[ObjectRef], bool]]:
    def kind(*kinds: str) -> Callable[[ObjectRef], bool]:
        return lambda ref: ref.kind in kinds

    def outside(*kinds: str) -> Callable[[ObjectRef], bool]:
        return lambda ref: ref.namespace not in ("", viz_namespace) and (not kinds or ref.kind in kinds)

    yield kind("MutatingWebhookConfiguration")
    yield kind("APIService")
    yield from (outside(one) for one in ("Server", "HTTPRoute", "AuthorizationPolicy", "RoleBinding"))
    yield outside()
    yield kind("ClusterRoleBinding")
    yield kind("ClusterRole")
    yield kind(*_ROLLED, "Job", "CronJob", "Pod")
    yield kind("Service", *_POLICIES)
    yield lambda ref: ref.kind != "Namespace"
    yield lambda ref: True
