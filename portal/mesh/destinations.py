"""What a workload calls, as people name it, and where the call arrives: pods behind a Service, at their own ports."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.injection import selects
from portal.mesh.pods import CONTROL_PLANE_LABEL, PodFacts, pod_facts
from portal.mesh.ports import Ports

Object = Mapping[str, Any]

_TEXT = re.compile(r"([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)(?::([0-9]{1,5}))?")
_OWN = "service"
_LAST_PORT = 65535


@dataclass(frozen=True, order=True)
class Destination:
    """A Service and the port that is called; None: every TCP port that it has."""

    namespace: str
    service: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str, namespace: str) -> Destination:
        """Read `service/db:5432` (in `namespace`) or `data/db`; raises ValueError with a sentence."""
        found = _TEXT.fullmatch(text.strip())
        port = int(found[3]) if found and found[3] else None
        if found is None or (port is not None and not 1 <= port <= _LAST_PORT):
            raise ValueError(
                f'"{text}" is not a destination: write service/NAME, or NAMESPACE/NAME for another namespace, and the '
                "port where you know it, like service/db:5432."
            )
        return cls(namespace if found[1] == _OWN else found[1], found[2], port)

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        return f"{self.namespace}/{self.service}{port}"


@dataclass(frozen=True)
class Arrival:
    """Where a call arrives: a raw pod and its container's port, with the name that the port has there."""

    pod: Object
    port: int
    name: str | None

    @property
    def facts(self) -> PodFacts:
        """What the pod shows of the mesh."""
        return pod_facts(self.pod)

    @property
    def passes_proxy(self) -> bool:
        """Whether a proxy of the pod sees the call."""
        facts = self.facts
        labelled = CONTROL_PLANE_LABEL in (self.pod["metadata"].get("labels") or {})
        return labelled and facts.meshed and not Ports.of(self.port) & Ports.readable(facts.skip_inbound)


def arrivals(destination: Destination, services: list[Object], pods: list[Object]) -> list[Arrival] | str:
    """Where calls arrive, each pod and port once; or why that cannot be told, as a clause ("its Service …")."""
    service = next((one for one in services if _is(one, destination)), None)
    if service is None:
        return "there is no such Service, or Meshdesk may not see it"
    spec = service.get("spec") or {}
    if not spec.get("selector"):
        return "its Service selects no pods"
    ports = _called(destination, spec)
    if not ports:
        return f"its Service has no TCP port{'' if destination.port is None else f' {destination.port}'}"
    behind = [one for one in pods if _is_behind(one, destination.namespace, spec["selector"])]
    found = [arrival for pod in behind for port in ports if (arrival := _arrival(pod, port))]
    return found or "no pod that runs takes its calls"


def _is(service: Object, destination: Destination) -> bool:
    metadata = service["metadata"]
    return (metadata.get("namespace"), metadata["name"]) == (destination.namespace, destination.service)


def _called(destination: Destination, spec: Object) -> list[int | str]:
    ports = [one for one in spec.get("ports") or [] if one.get("protocol", "TCP") == "TCP"]
    targets = {one["port"]: one.get("targetPort") or one["port"] for one in ports}
    if destination.port is None:
        return list(targets.values())
    if spec.get("clusterIP") == "None":
        # Names of a headless Service lead to the pods themselves: what is dialled is the pods' own port.
        return [destination.port]
    return [targets[destination.port]] if destination.port in targets else []


def _is_behind(pod: Object, namespace: str, selector: Mapping[str, str]) -> bool:
    metadata, facts = pod["metadata"], pod_facts(pod)
    labels = metadata.get("labels") or {}
    return metadata.get("namespace") == namespace and not facts.finished and selects({"matchLabels": selector}, labels)


def _arrival(pod: Object, target: int | str) -> Arrival | None:
    for port in _container_ports(pod):
        if target in (port["containerPort"], port.get("name")):
            return Arrival(pod, port["containerPort"], port.get("name"))
    # A port need not be declared to be called; a name that no container has leads nowhere.
    return Arrival(pod, target, None) if isinstance(target, int) else None


def _container_ports(pod: Object) -> Iterator[Mapping[str, Any]]:
    spec = pod.get("spec") or {}
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        for port in container.get("ports") or []:
            if port.get("protocol", "TCP") == "TCP":
                yield port
