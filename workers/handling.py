"""Which handler acts on which target, by the kind in its reference; whatever is not named here is a workload."""

from __future__ import annotations

from workers.context import Spot
from workers.egress import EgressHandler
from workers.handlers import Handler
from workers.viz.handler import VizHandler
from workers.viz.tap import TapHandler
from workers.workload import WorkloadHandler

WORKLOADS: Handler = WorkloadHandler()
HANDLERS: dict[str, Handler] = {"egress": EgressHandler(), "viz": VizHandler(), "tap": TapHandler()}


def handler_of(spot: Spot) -> Handler:
    """The handler of a target."""
    return HANDLERS.get(spot.ref.kind, WORKLOADS)
