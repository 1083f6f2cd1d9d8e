"""A desk without a queue: verbs on a real database, work called by hand on a practice cluster, in the test's order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.config import Config
from portal.db import Database
from portal.mesh.annotations import MARK
from portal.mesh.workloads import WorkloadRef, template_annotations
from portal.models import Evidence, Message, Ticket
from portal.restart_window import RestartWindow
from portal.states import State
from portal.tickets import asking, deciding, ending
from tests import world
from workers.apply import apply
from workers.cluster.practice import PracticeCluster
from workers.cluster.protocol import Cluster, Object
from workers.context import Context
from workers.inventory import refresh
from workers.preflight import preflight
from workers.probe.task import probe
from workers.tasks import handle
from workers.undo import undo

FILE, CLUSTERS = "practice.db", "clusters.yaml"
EMOJI = WorkloadRef("deployment", "emojivoto", "emoji")
SHORTEST = timedelta(seconds=1)


class Interrupted:
    """A worker's own door to a cluster that lets something happen just before or after one of its calls.

    `last` is what the latest call was about.
    """

    def __init__(self, inside: Cluster) -> None:
        self.inside = inside
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[], None]] = {}
        self.last: Any = None

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            step = f"{name} dry run" if named.get("dry_run") else name
            self.last = args[0] if args else None
            _once(self.before, step)
            answer = getattr(self.inside, name)(*args, **named)
            _once(self.after, step)
            return answer

        return call


def _once(happenings: dict[str, Callable[[], None]], step: str) -> None:
    happening = happenings.pop(step, None)
    if happening is not None:
        happening()


class Desk:
    """Registry, inventory, a practice cluster, and the verbs as people of the tenant use them."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.practice = PracticeCluster("practice", folder / FILE)
        self.context = self.worker(self.practice)
        self.say()

    def worker(self, cluster: Any) -> Context:
        """A worker that reaches the cluster through this door."""
        config = Config(lease=timedelta(seconds=15), clusters_file=self.folder / CLUSTERS)
        return Context(config, self.database, lambda _: cluster)

    def say(self, **probe: Any) -> None:
        """What the clusters file says of both clusters: practice ones, or real ones with rules for probes."""
        entry = {"kubeconfig": "reached-by-the-desk", "probe": probe} if probe else {"practice": FILE}
        text = json.dumps(dict.fromkeys(world.CLUSTERS, entry))
        (self.folder / CLUSTERS).write_text(text, "utf-8")

    def ask(
        self,
        inbound: str,
        *,
        workload: str = "deployment/emoji",
        renews: str | None = None,
        cluster: str = "practice",
        who: str = "member",
        duration: timedelta = timedelta(minutes=30),
        starts_at: datetime | None = None,
        restart_window: RestartWindow | None = None,
        **more: Any,
    ) -> int:
        """A pending ticket for a workload, or several with spaces between; its number."""
        fields = world.exception(workloads=workload.split(), inbound=inbound, **more)
        ask = asking.Ask(
            "encryption-exception",
            cluster,
            "emojivoto",
            "a test",
            duration,
            fields,
            renews,
            starts_at=starts_at,
            restart_window=restart_window,
        )
        return self.submit(ask, who=who)

    def submit(self, ask: asking.Ask, *, who: str = "member") -> int:
        """A pending ticket of any kind; its number."""
        with self.acting(who) as (session, member):
            return asking.submit(session, ask, by=member, now=datetime.now(UTC), shortest=SHORTEST).id

    def approved(self, inbound: str, **more: Any) -> int:
        """A ticket that only has to be carried out; its number."""
        number = self.ask(inbound, **more)
        self.approve(number)
        return number

    def approve(self, number: int) -> None:
        """Look, then decide as everybody who must; the policy decides by itself where it is automatic."""
        self.preflight(number)
        self.probe(number)
        for group in self.ticket(number).approvals:
            self.decide(number, "owner" if group["from"] == "tenant-owner" else "partner")

    def preflight(self, number: int) -> None:
        """What the preflight task does."""
        preflight(self.context, number)

    def probe(self, number: int) -> None:
        """What the probe task does."""
        probe(self.context, number)

    def decide(self, number: int, who: str, verdict: Literal["approve", "reject"] = "approve") -> None:
        """Somebody's word on the ticket as it is now."""
        with self.acting(who) as (session, actor):
            version = session.get_one(Ticket, number).version
            deciding.decide(session, number, deciding.Verdict(verdict, "", version), by=actor, now=datetime.now(UTC))

    @contextmanager
    def acting(self, who: str) -> Iterator[tuple[Session, Actor]]:
        """A unit of work in which somebody uses a verb."""
        with self.database.unit_of_work() as session:
            yield session, world.actor(session, who)

    def active(self, inbound: str, **more: Any) -> int:
        """A ticket whose window is open; its number."""
        number = self.approved(inbound, **more)
        self.apply(number)
        assert self.state(number) is State.ACTIVE, self.ticket(number).problem
        return number

    def apply(self, number: int, *, by: Context | None = None) -> None:
        """What the apply task does, until it has nothing to write."""
        apply(by or self.context, number)

    def undo(self, number: int) -> None:
        """What the undo task does."""
        undo(self.context, number)

    def release(self, number: int) -> None:
        """The requester's word that it is needed no longer."""
        with self.acting("member") as (session, member):
            ending.release(session, number, reason="done", by=member, now=datetime.now(UTC))

    def retry(self, number: int) -> None:
        """The requester's word that it is mended."""
        with self.acting("member") as (session, member):
            ending.retry(session, number, by=member, now=datetime.now(UTC))

    def reapply(self, number: int) -> None:
        """The requester's word that what was removed is still needed."""
        with self.acting("member") as (session, member):
            ending.reapply(session, number, by=member, now=datetime.now(UTC))

    def run_out(self, number: int) -> None:
        """Let the time pass until the window's end."""
        with self.database.unit_of_work() as session:
            session.get_one(Ticket, number).expires_at = datetime.now(UTC) - timedelta(seconds=1)

    def look(self) -> None:
        """What the inventory task does, and the work that it calls for."""
        refresh(self.context, "practice")
        self.deliver("meshdesk.converge")

    def deliver(self, task: str) -> int:
        """Have the work of a task's waiting messages done; how many they were."""
        with self.database.reading() as session:
            waiting = select(Message.id, Message.subject).where(Message.task == task, Message.taken_at.is_(None))
            messages = session.execute(waiting.order_by(Message.id)).all()
        for message, subject in messages:
            handle(self.context, task, message, subject)
        return len(messages)

    def lapse_lease(self, number: int) -> None:
        """Let the time pass after which another worker may take the ticket."""
        with self.database.unit_of_work() as session:
            session.get_one(Ticket, number).claim_until = datetime.now(UTC) - timedelta(seconds=1)

    def close(self, number: int) -> None:
        """Release and undo."""
        self.release(number)
        self.undo(number)

    def ticket(self, number: int) -> Ticket:
        """The ticket as an auditor reads it."""
        with self.database.reading() as session:
            return queries.ticket(session, number, by=world.actor(session, "auditor"))

    def state(self, number: int) -> State:
        """Its state."""
        return self.ticket(number).state

    def problem(self, number: int) -> str:
        """What keeps it from going on."""
        return self.ticket(number).problem or ""

    def evidence(self, number: int, kind: str) -> dict[str, Any]:
        """The last evidence of a kind."""
        with self.database.reading() as session:
            kept = select(Evidence).where(Evidence.ticket_id == number, Evidence.kind == kind).order_by(Evidence.id)
            return session.scalars(kept).all()[-1].data

    def events(self, number: int) -> list[str]:
        """The types of its events, in order."""
        with self.database.reading() as session:
            return [event.type for event in queries.events(session, f"MD-{number}")]

    def object(self, ref: WorkloadRef = EMOJI) -> Object:
        """A workload as the cluster holds it."""
        return self.practice.workload(ref)

    def annotations(self, ref: WorkloadRef = EMOJI) -> dict[str, str]:
        """The mesh annotations of its pod template."""
        return {key: value for key, value in template_annotations(self.object(ref)).items() if "linkerd.io/" in key}

    def mark(self, ref: WorkloadRef = EMOJI) -> str | None:
        """Our mark on it."""
        annotations: dict[str, str] = self.object(ref)["metadata"].get("annotations") or {}
        return annotations.get(MARK)

    def edit(self, annotations: dict[str, str | None], ref: WorkloadRef = EMOJI) -> None:
        """Change its template's annotations as its owner."""
        patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
        self.practice.apply_as("kubectl", ref, patch)
