"""What a probe tries: the ports that a ticket asks for, of a few pods of the workload itself, and nothing else."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.mesh.pods import pod_facts
from portal.mesh.ports import PROXY_PORTS, Ports

NO_PORTS = Ports()
MOST_PODS = 2
"""Of each workload."""
MOST_PORTS = 12
"""Of each workload and direction."""
MOST_TRIES = 96
"""Of a ticket, over all its workloads, pods and ports."""
# Of the metadata services of clouds, those that are not link-local already.
_METADATA = frozenset({"fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"})

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Wish:
    """Which ports of a workload the application is said to encrypt by itself.

    `all_outbound`: whatever else it dials would pass the mesh by as well, and no port says what that is.
    """

    inbound: Ports = NO_PORTS
    outbound: Ports = NO_PORTS
    all_outbound: bool = False


def sampled(asked: Ports, exposed: Ports = NO_PORTS) -> tuple[list[int], Ports]:
    """The ports to try, those that containers expose first, and the ones that are left out."""
    asked = asked - PROXY_PORTS - Ports.of(0)
    known = _first(asked & exposed, MOST_PORTS)
    chosen = [*known, *_first(asked - exposed, MOST_PORTS - len(known))]
    return chosen, asked - Ports.of(*chosen)


def _first(ports: Ports, count: int) -> list[int]:
    found: list[int] = []
    for span in ports:
        found += range(span.first, min(span.last, span.first + count - len(found) - 1) + 1)
        if len(found) >= count:
            break
    return found


def chosen_pods(pods: Iterable[Object]) -> list[Object]:
    """A few of a workload's pods that run and have an address of their own, the ready ones first."""
    running = [pod for pod in pods if _runs(pod) and addresses(pod)]
    return sorted(running, key=lambda pod: (not pod_facts(pod).ready, pod["metadata"]["name"]))[:MOST_PODS]


def _runs(pod: Object) -> bool:
    facts = pod_facts(pod)
    return facts.phase == "Running" and not facts.terminating


def addresses(pod: Object) -> list[str]:
    """The pod's own addresses, the main one first; none on its node's network, whose ports are the node's."""
    if (pod.get("spec") or {}).get("hostNetwork"):
        return []
    status = pod.get("status") or {}
    told = [status.get("podIP"), *(one.get("ip") for one in status.get("podIPs") or [])]
    return list(dict.fromkeys(one for one in told if one))


def why_not_dialled(address: str, *, loopback: bool = False) -> str | None:
    """Why a probe never dials this address; None where it may. `loopback` is the operator's word for tests."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"{address} is no address"
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback:
        return None if loopback else f"{address} is the worker's own machine"
    if found.is_link_local or str(found) in _METADATA:
        return f"{address} belongs to the node or to its cloud"
    if found.is_unspecified or found.is_multicast or found.is_reserved:
        return f"{address} is no address of a pod"
    return None


def port_name(pod: Object, port: int) -> str | None:
    """The name that a pod's containers give a port."""
    for container in (pod.get("spec") or {}).get("containers") or []:
        for one in container.get("ports") or []:
            if one.get("containerPort") == port and one.get("protocol", "TCP") == "TCP":
                name: str | None = one.get("name")
                return name
    return None


def within(count: int, pods: Sequence[Object], left: int) -> Sequence[Object]:
    """As many of the pods as `left` tries allow for `count` ports: one at least where any is allowed."""
    return pods if count * len(pods) <= left else pods[: max(1, left // max(count, 1))]
