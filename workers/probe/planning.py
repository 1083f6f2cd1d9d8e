"""From a ticket's workloads to what is tried: pods' addresses inbound, the operators' destinations outbound."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.errors import ClusterError, Gone, Refused
from portal.kinds.base import Fields, InventoryView, WorkloadKind
from portal.mesh.demands import Surroundings, stance
from portal.mesh.destinations import Arrival, Destination
from portal.mesh.ports import Ports
from portal.mesh.probing.judging import Policy
from portal.mesh.probing.plan import (
    MOST_PORTS,
    MOST_TRIES,
    Wish,
    addresses,
    chosen_pods,
    port_name,
    sampled,
    why_not_dialled,
    within,
)
from portal.mesh.probing.results import Finding, Line, Result
from portal.mesh.workloads import container_ports
from workers.called import called_by
from workers.cluster.access import Access, access_of
from workers.cluster.protocol import Cluster
from workers.context import Context, Spot
from workers.probe.port import Door

log = logging.getLogger(__name__)

_NO_PODS = "No pod of it runs with an address of its own."
_NO_CONTAINERS = "A practice cluster runs no containers, so nothing answers there."
_SWITCHED_OFF = "The platform's operators have switched the probe off on this cluster."
_NOT_ALLOWED = "No destination with this port is on the platform operators' list of what a probe may dial."
_ANYTHING = "Without a proxy it may call whatever it likes, and no port says what that is."
_LEFT_OUT = f"A probe tries {MOST_PORTS} ports of a workload in each direction at most, and these are more."
_TOO_MANY = f"A probe makes {MOST_TRIES} tries for a ticket at most, and this one asks for more."


@dataclass(frozen=True)
class Trial:
    """One port to try, at one pod or destination, for one workload."""

    workload: str
    direction: str
    port: int
    where: str
    door: Door
    policy: Policy | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """What several pods' trials have in common."""
        return self.workload, self.direction, self.port


@dataclass
class Planned:
    """All that is tried for a ticket, and the lines of what is not."""

    trials: list[Trial] = field(default_factory=list)
    untried: list[Line] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How many tries there may still be."""
        return MOST_TRIES - len(self.trials)


def planned(context: Context, fields: Fields, kind: WorkloadKind, views: Mapping[Spot, InventoryView | str]) -> Planned:
    """What is tried of workloads that a worker has just looked at; those that it could not, say why instead."""
    plan = Planned()
    for spot, view in views.items():
        if isinstance(view, str):
            plan.untried.append(Line(str(spot.ref), "inbound", "", _not(view)))
            continue
        access = access_of(spot.cluster, context.config)
        workload = _Workload(str(spot.ref), view, kind.to_probe(fields, view.obj), access)
        _plan_inbound(plan, workload, context.connect(spot.cluster))
        _plan_outbound(plan, workload)
    return plan


@dataclass(frozen=True)
class _Workload:
    name: str
    view: InventoryView
    wish: Wish
    access: Access

    def untried(self, direction: str, ports: Ports | str, why: str) -> Line:
        return Line(self.name, direction, str(ports), _not(why))


def _not(why: str) -> Finding:
    return Finding(Result.NOT_PROBED, why)


def _plan_inbound(plan: Planned, of: _Workload, cluster: Cluster) -> None:
    ports, left_out = sampled(of.wish.inbound, container_ports(of.view.obj))
    if not ports:
        return
    why, pods = _pods(of, cluster)
    pods = within(len(ports), pods, plan.left)
    if why or len(ports) * len(pods) > plan.left:
        plan.untried.append(of.untried("inbound", of.wish.inbound, why or _TOO_MANY))
        return
    around = _around(cluster, of.view)
    plan.trials += [_at_pod(of, pod, port, around) for port in ports for pod in pods]
    plan.untried += [of.untried("inbound", left_out, _LEFT_OUT)] if left_out else []


def _pods(of: _Workload, cluster: Cluster) -> tuple[str, Sequence[Mapping[str, Any]]]:
    """The pods to try, or why there are none."""
    if not of.access.probe.enabled:
        return _SWITCHED_OFF, []
    if of.access.practice is not None:
        return _NO_CONTAINERS, []
    try:
        pods = chosen_pods(cluster.pods(dict(of.view.obj)))
    except (Gone, Refused) as error:
        return error.sentence, []
    refused = [why for pod in pods if (why := _why_not(pod, of.access))]
    return (f"{refused[0]}: a probe does not dial that." if refused else "" if pods else _NO_PODS), pods


def _why_not(pod: Mapping[str, Any], access: Access) -> str | None:
    return why_not_dialled(addresses(pod)[0], loopback=access.probe.loopback)


def _around(cluster: Cluster, view: InventoryView) -> Surroundings | None:
    """The policies of the mesh in the workload's namespace; None where they cannot be read."""
    try:
        return called_by(cluster, [Destination(view.ref.namespace, "any")], view.defaults)
    except ClusterError as error:
        log.warning("policies of %s: %s", view.ref.namespace, error.sentence)
        return None


def _at_pod(of: _Workload, pod: Mapping[str, Any], port: int, around: Surroundings | None) -> Trial:
    name, address = port_name(pod, port), addresses(pod)[0]
    policy = None if around is None else Policy(*stance(Arrival(pod, port, name), around))
    door = Door(address, port, name, loopback=of.access.probe.loopback)
    return Trial(of.name, "inbound", port, f"pod {pod['metadata']['name']}", door, policy)


def _plan_outbound(plan: Planned, of: _Workload) -> None:
    ports, left_out = sampled(of.wish.outbound)
    for port in ports:
        trials = list(_destinations(of, port))
        why = "" if of.access.probe.enabled else _SWITCHED_OFF
        if trials and not why and len(trials) <= plan.left:
            plan.trials += trials
        else:
            plan.untried.append(of.untried("outbound", str(port), why or (_TOO_MANY if trials else _NOT_ALLOWED)))
    plan.untried += [of.untried("outbound", left_out, _LEFT_OUT)] if left_out else []
    plan.untried += [of.untried("outbound", "any", _ANYTHING)] if of.wish.all_outbound else []


def _destinations(of: _Workload, port: int) -> Iterator[Trial]:
    # A request names ports, not hosts: every destination of that port that the operators allow counts.
    for one in of.access.probe.outbound:
        if one.port == port:
            named = None if one.is_address else one.host
            door = Door(one.host, port, server_name=named, loopback=of.access.probe.loopback)
            yield Trial(of.name, "outbound", port, str(one), door)
