"""Workloads as raw Kubernetes objects (plain dicts): names, pod templates, ports, field owners, the patch body.

Kinds, workers and the inventory read objects through this module; nothing here writes. Pods are in pods.py, rollouts in
rollouts.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from portal.mesh.annotations import MARK
from portal.mesh.ports import Ports

PATCHABLE = frozenset({"deployment", "statefulset", "daemonset", "cronjob"})
PROXY_CONTAINER = "linkerd-proxy"
DEBUG_CONTAINER = "linkerd-debug"
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
_TEMPLATE_KEYS = ("spec", "template", "metadata", "annotations")
_CRONJOB_KEYS = ("spec", "jobTemplate", *_TEMPLATE_KEYS)
_INSTEAD = {
    "replicaset": "A ReplicaSet does not replace its pods when its template changes: ask for the Deployment that owns "
    "it, or make one.",
    "replicationcontroller": "A ReplicationController does not replace its pods when its template changes: move to a "
    "Deployment and ask for that.",
    "job": "A Job's pod template cannot be changed: ask for the CronJob that makes it, or put the annotation into the "
    "Job's manifest and create it again.",
    "pod": "A bare pod cannot be changed while it runs: ask for the workload that makes it, or use a Deployment.",
}


class Unset(Enum):
    """Stands for "leave as it is" where None already means "remove"."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, order=True)
class WorkloadRef:
    """One workload: `kind` is the lower-case singular (`deployment`)."""

    kind: str
    namespace: str
    name: str

    @classmethod
    def parse(cls, text: str, namespace: str) -> WorkloadRef:
        """Read `deployment/emoji`; raises ValueError with a sentence."""
        kind, slash, name = text.partition("/")
        if not slash or not re.fullmatch(r"[a-z]{1,63}", kind) or not _NAME.fullmatch(name):
            raise ValueError(f'"{text}" is not a workload: write its kind and name, like deployment/emoji.')
        return cls(kind, namespace, name)

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> WorkloadRef:
        """The reference of a raw object that has its kind set."""
        return cls(obj["kind"].lower(), obj["metadata"].get("namespace", ""), obj["metadata"]["name"])

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def template_of(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template (a CronJob's is inside its job template); {} where there is none."""
    path = template_path(str(obj.get("kind", "")).lower())[:-2]
    return _dig(obj, path)


def template_annotations(obj: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of the pod template; {} where there are none."""
    return dict(_dig(template_of(obj), ("metadata", "annotations")))


def template_path(kind: str) -> tuple[str, ...]:
    """Where the pod template's annotations are in an object of this kind."""
    return _CRONJOB_KEYS if kind == "cronjob" else _TEMPLATE_KEYS


def annotations_patch(
    kind: str, changes: Mapping[str, str | None], mark: str | Unset | None, resource_version: str | None
) -> dict[str, Any]:
    """The merge patch (RFC 7386) of template annotations and of our mark on the object itself; None removes a key.

    It carries the resourceVersion, so that a write on anything but the object that was read is a conflict. Only a
    rehearsal, which writes nothing, goes without: it must not fail because somebody else writes often.
    """
    metadata: dict[str, Any] = {} if resource_version is None else {"resourceVersion": resource_version}
    if not isinstance(mark, Unset):
        metadata["annotations"] = {MARK: mark}
    patch: dict[str, Any] = {"metadata": metadata}
    if changes:
        nested: dict[str, Any] = dict(changes)
        for step in reversed(template_path(kind)):
            nested = {step: nested}
        patch |= nested
    return patch


def container_ports(obj: Mapping[str, Any]) -> Ports:
    """The TCP ports that the template's containers and native sidecars expose, the proxy's own left out."""
    return Ports.of(*(port["containerPort"] for port in _exposed(obj)))


def named_ports(obj: Mapping[str, Any]) -> dict[str, int]:
    """The same ports by their names, for those that have one."""
    return {port["name"]: port["containerPort"] for port in _exposed(obj) if port.get("name")}


def _exposed(obj: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    spec = _dig(template_of(obj), ("spec",))
    sidecars = [c for c in spec.get("initContainers") or [] if c.get("restartPolicy") == "Always"]
    for container in [*(spec.get("containers") or []), *sidecars]:
        if container.get("name") != PROXY_CONTAINER:
            yield from (one for one in container.get("ports") or [] if one.get("protocol", "TCP") == "TCP")


def selector_of(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The LabelSelector of the workload's pods; {} where it has none (a CronJob)."""
    return _dig(obj, ("spec", "selector"))


def label_selector_text(selector: Mapping[str, Any]) -> str:
    """A LabelSelector as the API's labelSelector parameter: `app=emoji,tier in (a,b),!old`."""
    equal = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    return ",".join(equal + [_requirement(found) for found in selector.get("matchExpressions") or []])


def _requirement(expression: Mapping[str, Any]) -> str:
    key, operator = expression["key"], expression["operator"]
    values = ",".join(expression.get("values") or [])
    texts = {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": f"{key}",
        "DoesNotExist": f"!{key}",
    }
    return texts[operator]


def unpatchable_reason(kind: str) -> str | None:
    """What to do instead where workloads of this kind cannot be changed; None where they can."""
    if kind in PATCHABLE:
        return None
    allowed = "Deployments, StatefulSets, DaemonSets and CronJobs"
    return _INSTEAD.get(kind, f'Meshdesk does not change workloads of kind "{kind}": ask for one of {allowed}.')


def field_owners(obj: Mapping[str, Any], keys: Iterable[str]) -> dict[str, list[str]]:
    """Which field managers own each template annotation, from managedFields; [] where nobody does."""
    path = [f"f:{step}" for step in template_path(str(obj.get("kind", "")).lower())]
    entries = _dig(obj, ("metadata",)).get("managedFields") or []
    return {key: _managers(entries, [*path, f"f:{key}"]) for key in keys}


def _managers(entries: Iterable[Mapping[str, Any]], path: list[str]) -> list[str]:
    found: dict[str, None] = {}
    for entry in entries:
        node: Any = entry.get("fieldsV1")
        for step in path:
            node = node.get(step) if isinstance(node, Mapping) else None
        if node is not None:
            found[entry.get("manager", "unknown")] = None
    return list(found)


def _dig(obj: Mapping[str, Any], path: Iterable[str]) -> dict[str, Any]:
    node: Any = obj
    for step in path:
        node = node.get(step) if isinstance(node, Mapping) else None
    return node if isinstance(node, dict) else {}
