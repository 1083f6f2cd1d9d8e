"""What a running pod shows of the mesh: evidence, proof and posture read raw Pod objects through `pod_facts`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.ports import Ports
from portal.mesh.workloads import PROXY_CONTAINER

CONTROL_PLANE_LABEL = "linkerd.io/control-plane-ns"
INIT_CONTAINER = "linkerd-init"
PROXY_VERSION = "linkerd.io/proxy-version"
_ALWAYS_SKIPPED = Ports.of(4190, 4191)
_INBOUND_FLAG = "--inbound-ports-to-ignore"
_OUTBOUND_FLAG = "--outbound-ports-to-ignore"
_RELEVANT = ("linkerd.io/", "config.linkerd.io/", "config.alpha.linkerd.io/", "config.beta.linkerd.io/")


@dataclass(frozen=True)
class PodFacts:
    """One pod as seen. The skip lists are what its traffic rules were made of; None where nothing tells.

    `finished` is Succeeded or Failed: a pod that is terminating still runs. `meshed` asks for Linkerd's label and for a
    proxy container, `containers` are those that keep running (native sidecars too). `skip_arguments` are the lists that
    the init container was told, by direction, with the proxy's own ports; none where there is no such container.
    """

    name: str
    uid: str
    phase: str
    finished: bool
    terminating: bool
    ready: bool
    meshed: bool
    proxy_version: str | None
    skip_inbound: str | None
    skip_outbound: str | None
    inject: str | None
    containers: tuple[str, ...]
    annotations: Mapping[str, str]
    skip_arguments: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict, for evidence."""
        copies = {"annotations": dict(self.annotations), "skip_arguments": dict(self.skip_arguments)}
        return {**asdict(self), "containers": list(self.containers), **copies}


def pod_facts(pod: Mapping[str, Any]) -> PodFacts:
    """Read a raw Pod."""
    metadata, status = pod["metadata"], pod.get("status") or {}
    annotations, containers = metadata.get("annotations") or {}, tuple(_running_containers(pod))
    phase = status.get("phase", "Unknown")
    return PodFacts(
        name=metadata.get("name", ""),
        uid=metadata.get("uid", ""),
        phase=phase,
        finished=phase in ("Succeeded", "Failed"),
        terminating="deletionTimestamp" in metadata,
        ready=_is_ready(status),
        meshed=CONTROL_PLANE_LABEL in (metadata.get("labels") or {}) and PROXY_CONTAINER in containers,
        proxy_version=annotations.get(PROXY_VERSION),
        skip_inbound=_skipped(pod, _INBOUND_FLAG, annotations.get(SKIP_INBOUND)),
        skip_outbound=_skipped(pod, _OUTBOUND_FLAG, annotations.get(SKIP_OUTBOUND)),
        inject=annotations.get(INJECT),
        containers=containers,
        annotations={key: value for key, value in sorted(annotations.items()) if key.startswith(_RELEVANT)},
        skip_arguments=_skip_arguments(pod),
    )


def _skip_arguments(pod: Mapping[str, Any]) -> dict[str, str]:
    for container in (pod.get("spec") or {}).get("initContainers") or []:
        if container.get("name") == INIT_CONTAINER:
            args = container.get("args") or []
            return {"inbound": _argument(args, _INBOUND_FLAG), "outbound": _argument(args, _OUTBOUND_FLAG)}
    return {}


def _running_containers(pod: Mapping[str, Any]) -> Iterator[str]:
    spec = pod.get("spec") or {}
    for container in spec.get("initContainers") or []:
        if container.get("restartPolicy") == "Always":
            yield container["name"]
    for container in spec.get("containers") or []:
        yield container["name"]


def _is_ready(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or []
    return any(found.get("type") == "Ready" and found.get("status") == "True" for found in conditions)


def _skipped(pod: Mapping[str, Any], flag: str, annotation: str | None) -> str | None:
    # The init container's arguments are the traffic rules; with the CNI plugin there is none, and it reads annotations.
    for container in (pod.get("spec") or {}).get("initContainers") or []:
        if container.get("name") == INIT_CONTAINER:
            return _canonical(_argument(container.get("args") or [], flag), _ALWAYS_SKIPPED)
    return None if annotation is None else _canonical(annotation, Ports())


def _argument(args: list[str], flag: str) -> str:
    for position, argument in enumerate(args):
        if argument == flag:
            return "".join(args[position + 1 : position + 2])
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return ""


def _canonical(text: str, without: Ports) -> str:
    try:
        return str(Ports.parse(text) - without)
    except ValueError:
        return text
