"""From submit until the preflight is attached, on an idle product: one ticket of 1, 10 and 50 workloads, with Services
and policies around them and both lists asked, which is what reads most of the cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.figures import Figure
from portal.mesh.workloads import WorkloadRef
from tests.contract.worlds import PracticeWorld, settled, template, workload
from tests.story.api import Api, asking, until
from tests.story.stack import Setting, running_stack
from tests.story.worlds import REGISTRY
from tests.unit.mesh.near_objects import authorization, identity, network_policy, port, server, service

SIZES, TRIES = (1, 10, 50), 3
PROMISED = 5.0


def preflights(folder: Path) -> Iterator[Figure]:
    """Each size as a share of the promised time, and beside a ticket of one workload."""
    practice = PracticeWorld(folder)
    for number in range(max(SIZES)):
        fill(practice, f"app-{number}")
    access = {"practice": str(folder / "contract.db")}
    setting = Setting(f"sqlite:///{folder / 'meshdesk.db'}", access, REGISTRY.format(namespace="contract"), {})
    with running_stack(folder, setting) as stack:
        member = stack.api("member")
        alone: Figure | None = None
        for size in SIZES:
            taken = [attached(practice, member, size, 7000 + attempt) for attempt in range(TRIES)]
            figure = Figure(f"submit to preflight attached, {size} workload{'s' if size > 1 else ''}", taken)
            yield figure.within(PROMISED)
            alone = alone or figure
            if figure is not alone:
                yield figure.against(alone, "1 workload")


def fill(practice: PracticeWorld, name: str) -> None:
    """A workload with a Service and the policies that may guard it."""
    ref = WorkloadRef("deployment", practice.namespace, name)
    practice.create(workload("Deployment", ref, template(name), replicas=2))
    around = (
        service(name, port(80, 8080), app=name),
        server(name, 8080, app=name),
        authorization(name, ("Server", name), ("MeshTLSAuthentication", name)),
        identity(name, identityRefs=[{"kind": "ServiceAccount", "name": name}]),
        network_policy(name, "Ingress", 4143, app=name),
    )
    for obj in around:
        obj["metadata"]["namespace"] = practice.namespace
        practice.create(obj)
    settled(practice.cluster, ref)


def attached(practice: PracticeWorld, member: Api, size: int, inbound: int) -> float:
    """Seconds from submit until the ticket has its preflight; it is withdrawn afterwards."""
    named = [f"deployment/app-{number}" for number in range(size)]
    body = asking(namespace=practice.namespace, workloads=named, inbound=f"8080,{inbound}", outbound="80")
    began = time.perf_counter()
    ref = member.post("/tickets", body).json()["ref"]
    until(partial(has_preflight, member, ref), within=60, every=0.01, words="the preflight")
    taken = time.perf_counter() - began
    member.post(f"/tickets/{ref}/withdraw", {"reason": "measured"})
    return taken


def has_preflight(member: Api, ref: str) -> bool:
    """Whether a worker has looked at it."""
    return member.ticket(ref)["preflight"] is not None
