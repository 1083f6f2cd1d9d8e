"""Targets on which each ticket has objects of its own: created for it, deleted with it, no other ticket's touched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal import queries
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import AlreadyExists, Gone, Refused
from portal.kinds.base import Kind, ObjectKind, View
from portal.kinds.registry import kind_named
from portal.mesh.diff import created_diff
from portal.mesh.drift import contained
from portal.mesh.findings import Finding
from portal.mesh.stamp import stamped
from portal.models import CreatedObject, Ticket, TicketTarget
from portal.states import State
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.created.lease import Keep, exclusively
from workers.created.objects import create, read, remove, rewrite
from workers.created.observation import ObjectsObservation
from workers.created.rows import Record, history, note_gone, records
from workers.created.telling import Drift, tell
from workers.handlers import Before, Looked, Work, blocking

# On a link: somebody asked to have written again what was told of.
AGAIN = "again"


@dataclass(frozen=True)
class Standing:
    """An active ticket on a target in reconcile, with what of it is on record there; `keep` renews the hold."""

    ticket: Ticket
    spot: Spot
    view: View
    own: list[Record]
    told: dict[str, Any]
    keep: Keep


class ObjectsHandler(ABC):
    """Objects of a ticket in one target, as its kind's manifests say."""

    @abstractmethod
    def view(self, context: Context, ticket: Ticket, spot: Spot) -> View:
        """The target as the cluster shows it now; raises what the cluster raises."""

    def ready(self, context: Context, work: Work) -> list[str]:
        """What must be there before this target's objects are created, in sentences; [] when nothing is missing."""
        return []

    def plan(self, context: Context, ticket: Ticket, spot: Spot) -> list[Object]:
        """The objects as they are to be created now; raises Refused where they must not be any more."""
        return kind_of(ticket).manifests(ticket.fields, self.view(context, ticket, spot), ticket.ref)

    def is_intact(self, manifest: Object, there: Object) -> bool:
        """Whether our object still says what was written; defaults that the API server added are no difference."""
        return contained({key: value for key, value in manifest.items() if key != "metadata"}, there)

    def look(self, context: Context, ticket: Ticket, spot: Spot) -> Looked:
        """The target, what would be created, what the kind finds, and what the API server says to it."""
        report: dict[str, Any] = {"workload": str(spot.ref)}
        try:
            view = self.view(context, ticket, spot)
        except (Gone, Refused) as error:
            return Looked(None, [blocking("cluster-refused", spot, error.sentence)], report)
        manifests = kind_of(ticket).manifests(ticket.fields, view, ticket.ref)
        findings = kind_of(ticket).checks(ticket.fields, [view])
        findings += self._refusals(context, spot, manifests)
        return Looked(view, findings, {**report, "change": created_diff(manifests)})

    def _refusals(self, context: Context, spot: Spot, manifests: Sequence[Object]) -> list[Finding]:
        try:
            self.dry_run(context, spot, manifests)
        except (AlreadyExists, Gone, Refused) as error:
            return [blocking("change-refused", spot, error.sentence)]
        return []

    def dry_run(self, context: Context, spot: Spot, manifests: Sequence[Object]) -> None:
        """Have the API server check each object without storing it; raises AlreadyExists, Gone, Refused."""
        for manifest in manifests:
            context.connect(spot.cluster).create_object(stamped(manifest, nonce="0", ticket=None), dry_run=True)

    def rehearse(self, context: Context, link: TicketTarget, spot: Spot) -> Before:
        """Have the API server check the very objects."""
        ticket = ticket_of(context, link.ticket_id)
        try:
            self.dry_run(context, spot, self.plan(context, ticket, spot))
        except AlreadyExists as error:
            raise Refused(error.sentence) from error
        return {"workload": str(spot.ref), "objects": []}

    def write(self, context: Context, work: Work) -> None:
        """Create what the ticket wants here, once what it needs is there."""
        if self.ready(context, work):
            return
        ticket = ticket_of(context, work.ticket_id)
        manifests = self.plan(context, ticket, work.spot)
        with exclusively(context, work.spot, work.keep) as keep:
            create(context, work.spot, ticket.id, manifests, keep)
        with context.database.unit_of_work() as session:
            link = session.get_one(TicketTarget, (work.ticket_id, work.spot.target_id))
            link.written_at = link.written_at or database_now(session)

    def observe(self, context: Context, work: Work) -> ObjectsObservation:
        """What of the ticket's objects is there."""
        own = _own(context, work.spot, work.ticket_id)
        waiting = [] if own else self.ready(context, work) or [f"{work.spot.ref} is to be written."]
        return ObjectsObservation(work.spot, len(own), tuple(own), read(context, work.spot, own), tuple(waiting))

    def take_back(self, context: Context, work: Work) -> ObjectsObservation:
        """Delete the ticket's objects, the last created first, and read what is left."""
        with exclusively(context, work.spot, work.keep) as keep:
            own = _own(context, work.spot, work.ticket_id)
            waiting = remove(context, work.spot, reversed(own), keep)
        left = _own(context, work.spot, work.ticket_id)
        there = read(context, work.spot, left)
        gone = history(context, work.spot, CreatedObject.ticket_id == work.ticket_id)
        return ObjectsObservation(work.spot, 0, tuple(left), there, tuple(waiting), gone=gone)

    def reconcile(self, context: Context, spot: Spot) -> None:
        """Delete what is on record for tickets that are over; tell live ones what somebody took away or changed."""
        with exclusively(context, spot, lambda: None) as keep:
            # The record first: whoever comes on it after this is not over.
            on_record = records(context, spot)
            with context.database.reading() as session:
                links = list(queries.live_links(session, spot.target_id))
                busy = {link.ticket_id for link in links} | queries.unfinished(session, spot.target_id)
            over = [one for one in on_record if one.ticket_id is not None and one.ticket_id not in busy]
            remove(context, spot, reversed(over), keep)
            for link in links:
                # What is still being applied is its worker's.
                if link.ticket.state is State.ACTIVE:
                    ticket = ticket_of(context, link.ticket_id)
                    own = [one for one in on_record if one.ticket_id == link.ticket_id]
                    view = self.view(context, ticket, spot)
                    self.compare(context, Standing(ticket, spot, view, own, link.suspended, keep))

    def compare(self, context: Context, standing: Standing) -> None:
        """Tell a live ticket what of its objects is not as it was written, or write it again where that was asked."""
        drift = self.drift(context, standing)
        if AGAIN in standing.told:
            self._write_again(context, standing, drift)
            drift = {}
        with context.database.unit_of_work() as session:
            tell(session, standing.spot, standing.ticket.id, drift)

    def drift(self, context: Context, standing: Standing) -> Drift:
        """What somebody deleted or changed; {} when all is there as it was written."""
        created = [record for record in standing.own if record.uid is not None]
        there = read(context, standing.spot, created)
        missing = [str(record.ref) for record in created if record.ref not in there]
        changed = [str(one.ref) for one in created if one.ref in there and not self._is_as_written(one, there[one.ref])]
        return {name: found for name, found in (("missing", missing), ("changed", changed)) if found}

    def _is_as_written(self, record: Record, there: Object) -> bool:
        return record.manifest is None or self.is_intact(dict(record.manifest), there)

    def _write_again(self, context: Context, standing: Standing, drift: Drift) -> None:
        spot, ticket = standing.spot, standing.ticket
        manifests = self.plan(context, ticket, spot)
        note_gone(context, [one for one in standing.own if str(one.ref) in drift.get("missing", ())])
        on_record = create(context, spot, ticket.id, manifests, standing.keep)
        there = read(context, spot, on_record)
        for record, manifest in zip(on_record, manifests, strict=True):
            if record.ref in there and not self.is_intact(manifest, there[record.ref]):
                rewrite(context, spot, record, there[record.ref], manifest)


def _own(context: Context, spot: Spot, ticket_id: int) -> list[Record]:
    return [record for record in records(context, spot) if record.ticket_id == ticket_id]


def ticket_of(context: Context, ticket_id: int) -> Ticket:
    """The ticket whole."""
    with context.database.reading() as session:
        return queries.ticket(session, ticket_id, by=WORKER)


def kind_of(ticket: Ticket) -> ObjectKind[Any]:
    """The ticket's kind, which creates objects."""
    kind: Kind[Any] = kind_named(ticket.kind)
    if not isinstance(kind, ObjectKind):
        raise TypeError(f"{ticket.kind} creates no objects")
    return kind
