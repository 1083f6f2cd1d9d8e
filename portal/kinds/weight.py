"""When a list of skipped ports is so wide that it counts as no proxy at all: kinds route by it."""

from __future__ import annotations

from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND, effective_skip
from portal.mesh.ports import Ports
from portal.mesh.view import InventoryView
from portal.mesh.want import Want
from portal.mesh.workloads import container_ports

MOST_PORTS = 1000
_LISTS = {SKIP_INBOUND: "inbound", SKIP_OUTBOUND: "outbound"}


def routes_as_disable_injection(want: Want, others: Want, container_ports: Ports) -> bool:
    """True when this want, with all that is skipped besides (`others`), leaves the mesh next to nothing.

    More than 1,000 ports after merging in either list, or inbound every one of the container ports where there are any.
    """
    together = want | others
    return bool(
        want.disable_injection
        or (want.skip_inbound and _covers(together.skip_inbound, container_ports))
        or any(want.ports(key) and len(together.ports(key)) > MOST_PORTS for key in _LISTS)
    )


def weighed(want: Want, view: InventoryView) -> list[str]:
    """Why a skip of ports on this workload counts as no proxy at all, in sentences; [] when it does not."""
    besides = view.others | _effective(view)
    if want.disable_injection or not routes_as_disable_injection(want, besides, container_ports(view.obj)):
        return []
    together, found = want | besides, []
    for key, words in _LISTS.items():
        count = len(together.ports(key))
        if want.ports(key) and count > MOST_PORTS:
            found.append(f"{view.ref}: {count} {words} ports would be skipped, more than {MOST_PORTS}.")
    if want.skip_inbound and _covers(together.skip_inbound, container_ports(view.obj)):
        found.append(f"{view.ref}: every port that its containers expose would be skipped inbound.")
    return found


def _covers(skipped: Ports, exposed: Ports) -> bool:
    return bool(exposed) and not exposed - skipped


def _effective(view: InventoryView) -> Want:
    # Preflight blocks on a list that cannot be read; what can be read of it weighs here.
    lists = {key: effective_skip(key, view.template, view.around, view.defaults).value for key in _LISTS}
    return Want.union(Want.of_ports(key, Ports.entries(text)) for key, text in lists.items())
