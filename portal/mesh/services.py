"""Services around a workload: which select it and lead to which of its ports. services_findings.py says what it means.

destinations.py is the other way round: what a workload calls, as people name it, and where that arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.injection import selects
from portal.mesh.ports import Ports
from portal.mesh.workloads import named_ports, template_of

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Door:
    """One TCP port of a Service: `port` is what callers dial, `target` where it arrives (None: a name that no container
    of the workload has)."""

    service: str
    port: int
    target: int | None

    def __str__(self) -> str:
        return f"{self.service}:{self.port}"


def pod_labels(obj: Object) -> dict[str, str]:
    """The labels of the pods that this workload makes."""
    return dict((template_of(obj).get("metadata") or {}).get("labels") or {})


def doors(obj: Object, services: tuple[Object, ...]) -> list[Door]:
    """The ports of the Services of its namespace that select the workload's pods."""
    labels, names = pod_labels(obj), named_ports(obj)
    return [
        Door(service["metadata"]["name"], one["port"], _target(one, service, names))
        for service in services
        if is_selected(service, labels)
        for one in tcp_ports(service)
    ]


def is_selected(service: Object, labels: Mapping[str, str]) -> bool:
    """Whether a Service of the namespace selects pods with these labels; one without a selector selects none."""
    selector = (service.get("spec") or {}).get("selector")
    return bool(selector) and selects({"matchLabels": selector}, labels)


def tcp_ports(service: Object) -> Iterator[Object]:
    """The TCP ports of a Service."""
    for one in (service.get("spec") or {}).get("ports") or []:
        if one.get("protocol", "TCP") == "TCP":
            yield one


def dialled(service: Object, ports: Ports) -> list[int]:
    """Which of these ports callers of the Service dial; of a headless one the pods' own ports are dialled too."""
    headless = (service.get("spec") or {}).get("clusterIP") == "None"
    found = {one["port"] for one in tcp_ports(service)}
    if headless:
        found |= {one["targetPort"] for one in tcp_ports(service) if isinstance(one.get("targetPort"), int)}
    return sorted(port for port in found if port in ports)


def _target(port: Object, service: Object, names: Mapping[str, int]) -> int | None:
    target = port.get("targetPort") or port["port"]
    return target if isinstance(target, int) else names.get(target)
