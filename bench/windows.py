"""The promises in time, on a whole product with its own settings: real processes over HTTP, a practice cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.figures import Figure, timed
from portal.mesh.annotations import SKIP_INBOUND
from portal.mesh.workloads import WorkloadRef, template_annotations
from tests.contract.worlds import PracticeWorld, settled, template, workload
from tests.story.api import Api, asking, until
from tests.story.stack import Setting, Stack, running_stack
from tests.story.worlds import REGISTRY

ALONE, TOGETHER = 10, 10
WINDOW = "PT6S"
# Only this differs from what `make run` does: windows of seconds may be asked for.
SETTINGS = {"MESHDESK_SHORTEST_WINDOW": "PT1S"}
POLL = 0.005


@dataclass
class Watched:
    """When the template of each workload was seen written and restored, by the clock of this machine."""

    written: dict[str, float] = field(default_factory=dict)
    restored: dict[str, float] = field(default_factory=dict)


def windows(folder: Path) -> Iterator[Figure]:
    """Preview and submit, approval until written, and end until restored."""
    practice = PracticeWorld(folder)
    names = [f"app-{number}" for number in range(ALONE + TOGETHER)]
    for name in names:
        practice.create(workload("Deployment", ref(practice, name), template(name), replicas=1))
    for name in names:
        settled(practice.cluster, ref(practice, name))
    access = {"practice": str(folder / "contract.db")}
    setting = Setting(f"sqlite:///{folder / 'meshdesk.db'}", access, REGISTRY.format(namespace="contract"), SETTINGS)
    with running_stack(folder, setting) as stack, watching(practice, names) as seen:
        tickets = dict(zip(names, (yield from asked(stack, practice, names)), strict=True))
        yield from carried_out(stack, tickets, seen)


def ref(practice: PracticeWorld, name: str) -> WorkloadRef:
    """Where a workload of the benchmark is."""
    return WorkloadRef("deployment", practice.namespace, name)


@contextmanager
def watching(practice: PracticeWorld, names: list[str]) -> Iterator[Watched]:
    """Inside, the templates are looked at every few milliseconds, in one read for all of them."""
    seen, over = Watched(), threading.Event()

    def watch() -> None:
        while not over.wait(POLL):
            found = {obj["metadata"]["name"]: obj for obj in practice.cluster.workloads(practice.namespace)}
            now = time.time()
            for name in names:
                if SKIP_INBOUND in template_annotations(found[name]):
                    seen.written.setdefault(name, now)
                elif name in seen.written:
                    seen.restored.setdefault(name, now)

    watcher = threading.Thread(target=watch, name="watcher")
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def asked(stack: Stack, practice: PracticeWorld, names: list[str]) -> Generator[Figure, None, list[str]]:
    """Preview and submit each; gives the tickets."""
    member, bodies = stack.api("member"), [body(practice, name) for name in names]
    reading = Figure("GET /me, for comparison", [timed(lambda: member.get("/me")) for _ in names])
    previews = Figure("preview", [timed(partial(member.post, "/tickets/preview", body)) for body in bodies])
    refs: list[str] = []

    def submit(body: dict[str, Any]) -> None:
        refs.append(member.post("/tickets", body).json()["ref"])

    submits = [timed(partial(submit, body)) for body in bodies]
    began = time.perf_counter()
    for one in refs:
        member.until_clean(one)
    yield reading
    yield previews.against(reading, "GET /me")
    yield Figure("submit", submits).against(previews, "preview")
    yield Figure(f"preflights of all {len(refs)} clean, once asked", [time.perf_counter() - began])
    return refs


def body(practice: PracticeWorld, name: str) -> dict[str, Any]:
    """The request for one workload."""
    return asking(namespace=practice.namespace, workloads=[f"deployment/{name}"], inbound="8443", duration=WINDOW)


def carried_out(stack: Stack, tickets: dict[str, str], seen: Watched) -> Iterator[Figure]:
    """Approve some one by one on an idle product, the others at once; see all of them end."""
    partner, names = stack.api("partner"), list(tickets)
    alone = {}
    for name in names[:ALONE]:
        alone[name] = approve(partner, tickets[name])
        until(partial(seen.written.get, name), within=30, every=POLL, words="the write")
    together = {name: approve(partner, tickets[name]) for name in names[ALONE:]}
    until(lambda: len(seen.restored) == len(names), within=40, words="the end of every window")
    one_by_one = Figure("approval to written, one at a time", [seen.written[name] - at for name, at in alone.items()])
    yield one_by_one.within(2)
    at_once = Figure(f"approval to written, {TOGETHER} at once", [seen.written[n] - at for n, at in together.items()])
    yield at_once.against(one_by_one, "one at a time")
    late = [seen.restored[name] - ends(partner, tickets[name]) for name in names]
    yield Figure("end of the window to restored", late).within(10)


def approve(partner: Api, ticket: str) -> float:
    """Approve it; when the answer was there."""
    answer = partner.decide(ticket)
    assert answer.status_code == 200, answer.text  # noqa: S101 - nothing can be measured then
    return time.time()


def ends(api: Api, ticket: str) -> float:
    """When its window ends, by the same clock."""
    return datetime.fromisoformat(api.ticket(ticket)["expires_at"]).timestamp()
