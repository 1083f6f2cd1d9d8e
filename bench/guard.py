"""How long the guard takes to follow a ticket, and what it costs an update, on the real control plane."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure, timed
from portal.db import Database
from portal.mesh.guard.lines import data_of, line
from portal.mesh.guard.names import NAMESPACE, PARAMETERS
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from portal.mesh.workloads import WorkloadRef
from portal.migrating import Migrations
from portal.states import State
from tests.contract.worlds import namespace, template, workload
from tests.controlplane.fixtures import started
from tests.controlplane.guard_desk import GuardedDesk
from tests.controlplane.harness import ControlPlane
from tests.workers.desk import EMOJI

TRIES, UPDATES = 10, 100
POLL = 0.005
OPEN = WorkloadRef("deployment", "not-guarded", "emoji")


def guard(folder: Path) -> Iterator[Figure]:
    """The delays of the guard and its cost."""
    with started(ControlPlane(folder / "plane")) as plane, _desk(plane, folder) as desk:
        desk.put_into_force()
        counted = Figure("a line written until it counts", [_counted(desk, 20000 + number) for number in range(TRIES)])
        yield counted
        passed, refused = zip(*(_followed(desk, 9000 + number) for number in range(TRIES)), strict=True)
        yield Figure("approval to let pass by the guard", passed).against(counted, counted.what)
        yield Figure("end to refused again", refused).against(counted, counted.what)
        yield from _updates(desk)


@contextlib.contextmanager
def _desk(plane: ControlPlane, folder: Path) -> Iterator[GuardedDesk]:
    url = f"sqlite:///{folder / 'meshdesk.db'}"
    Migrations(url).upgrade()
    database = Database(url)
    made = GuardedDesk(plane, database, folder)
    try:
        yield made
    finally:
        made.remove()
        database.dispose()


def _admitted(desk: GuardedDesk, ports: str, *, ok: bool) -> float:
    return timed(lambda: _until(lambda: desk.skip(ports, dry=True).ok is ok))


def _until(question: Any) -> None:
    give_up = time.monotonic() + 30
    while not question():
        if time.monotonic() > give_up:
            raise TimeoutError("the guard did not follow within 30 s")
        time.sleep(POLL)


def _counted(desk: GuardedDesk, port: int) -> float:
    want = Want(skip_inbound=Ports.of(port))
    data = data_of([line("emojivoto", "deployment/emoji", "MD-0", None, want)])
    desk.plane.client.patch("ConfigMap", PARAMETERS, NAMESPACE, {"data": data})
    return _admitted(desk, f"4567,4568,{port}", ok=True)


def _followed(desk: GuardedDesk, port: int) -> tuple[float, float]:
    number = desk.ask(str(port))
    desk.preflight(number)
    began = time.perf_counter()
    desk.decide(number, "partner")
    desk.apply(number)
    _admitted(desk, f"4567,4568,{port}", ok=True)
    passed = time.perf_counter() - began
    desk.carry(desk.apply, number, State.ACTIVE)
    ended = time.perf_counter()
    desk.release(number)
    desk.deliver("meshdesk.guard")
    desk.carry(desk.undo, number, State.CLOSED)
    _admitted(desk, f"4567,4568,{port}", ok=False)
    return passed, time.perf_counter() - ended


def _updates(desk: GuardedDesk) -> Iterator[Figure]:
    desk.plane.client.apply(namespace(OPEN.namespace))
    desk.plane.client.apply(workload("Deployment", OPEN, template("emoji"), replicas=0))
    figures = [
        Figure(words, [timed(lambda ref=ref, n=n: _update(desk, ref, n)) for n in range(UPDATES)])  # type: ignore[misc]
        for words, ref in (("an update of a Deployment, not guarded", OPEN), ("… under the guard", EMOJI))
    ]
    yield figures[0]
    yield Figure("an update of a Deployment under the guard", figures[1].seconds).against(figures[0], figures[0].what)


def _update(desk: GuardedDesk, ref: WorkloadRef, number: int) -> None:
    obj = {"kind": "Deployment", "metadata": {"name": ref.name, "namespace": ref.namespace}}
    body = {"spec": {"template": {"metadata": {"annotations": {"try": str(number)}}}}}
    answer = desk.rest.patch(obj, body, dryRun="All")
    if not answer.ok:
        raise RuntimeError(answer.message)
