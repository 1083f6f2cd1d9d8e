"""Namespaces as targets of control-plane egress: a NetworkPolicy of its own for each ticket, which must never be what
alone isolates a pod; the tenant's own policies come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import Refused
from portal.kinds.control_plane_egress import ask_of
from portal.mesh.egress import EgressScene, policy_for
from portal.mesh.egress_drift import Isolation
from portal.mesh.findings import Severity
from portal.mesh.network import REFUSE
from portal.models import Ticket, TicketTarget
from portal.states import Outcome, State
from portal.tickets import ending
from portal.tickets.ending import Ending
from portal.tickets.moving import take_for_change, testify
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.created.handler import ObjectsHandler, Standing, kind_of
from workers.created.objects import read, remove, rewrite
from workers.created.rows import Record
from workers.created.telling import Drift, tell
from workers.egress_scene import scene_of


class EgressHandler(ObjectsHandler):
    """The policies of tickets of kind control-plane-egress in one namespace."""

    def view(self, context: Context, ticket: Ticket, spot: Spot) -> EgressScene:
        """The namespace with its pods and policies now; raises Gone also while it is being deleted."""
        return scene_of(context.connect(spot.cluster), spot.ref.namespace)

    def plan(self, context: Context, ticket: Ticket, spot: Spot) -> list[Object]:
        """The policy as it is to be now; raises Refused where it would isolate, however it was when it was approved."""
        scene, kind = self.view(context, ticket, spot), kind_of(ticket)
        blocking = [one.fact for one in kind.checks(ticket.fields, [scene]) if one.severity is Severity.BLOCKING]
        if blocking:
            raise Refused(f"{' '.join(blocking)} Ask again once the namespace's policies are as they should be.")
        return kind.manifests(ticket.fields, scene, ticket.ref)

    def is_intact(self, manifest: Object, there: Object) -> bool:
        """To the letter: an API server adds nothing here, and one label more selects other pods."""
        return bool(manifest["spec"] == there.get("spec"))

    def compare(self, context: Context, standing: Standing) -> None:
        """Take the policy away where it alone isolates and that was to be refused; else see that it is as it should."""
        for record in standing.own:
            isolation = Isolation.by(dict(record.manifest or {}), _scene(standing))
            if isolation.is_alone and standing.ticket.fields["if_alone"] == REFUSE:
                self._take_away(context, standing, isolation)
                return
        super().compare(context, standing)

    def drift(self, context: Context, standing: Standing) -> Drift:
        """What somebody deleted or changed, and where the policy does to some pods what it should not."""
        if not standing.own:
            return _taken(standing)
        own = [self._adjusted(context, standing, record) for record in standing.own]
        found = super().drift(context, replace(standing, own=own))
        warnings = [
            f"{standing.spot.ref.namespace}: {sentence}"
            for record in own
            for sentence in Isolation.by(dict(record.manifest or {}), _scene(standing)).warnings(record.manifest or {})
        ]
        return {**found, "warnings": warnings} if warnings else found

    def _take_away(self, context: Context, standing: Standing, isolation: Isolation) -> None:
        remove(context, standing.spot, reversed(standing.own), standing.keep)
        with context.database.unit_of_work() as session:
            if session.get_one(Ticket, standing.ticket.id).state is not State.ACTIVE:
                # Somebody ended it meanwhile: its undo goes on from here.
                return
            if _is_last(session, standing):
                reason = (
                    f"No egress policy of the tenant's selects {', '.join(isolation.alone)} in "
                    f"{standing.spot.ref.namespace} any more: Meshdesk's alone would, which was to be refused."
                )
                now = database_now(session)
                why = Ending(Outcome.TARGET_GONE, reason)
                ending.end(session, standing.ticket.id, why, by=WORKER, now=now)
            else:
                tell(session, standing.spot, standing.ticket.id, _taken(standing))

    def _adjusted(self, context: Context, standing: Standing, record: Record) -> Record:
        """Follow the cluster: the rule that allows everything else, where it was chosen, comes and goes as the tenant's
        policies do, and the peers' port with Linkerd's version. What somebody changed in the policy is only told."""
        obj, manifest = read(context, standing.spot, [record]).get(record.ref), self._wanted(record, standing)
        if obj is None or manifest is None or manifest == record.manifest:
            return record
        if not self.is_intact(dict(record.manifest or {}), obj) and not self.is_intact(manifest, obj):
            return record
        standing.keep()
        rewrite(context, standing.spot, record, obj, manifest)
        _testify(context, standing, record)
        return replace(record, manifest=manifest)

    @staticmethod
    def _wanted(record: Record, standing: Standing) -> Object | None:
        """The policy as it should be now; None where none is right for all of its pods."""
        ask, scene = ask_of(standing.ticket.fields), _scene(standing)
        if record.manifest is None:
            return None
        isolation = Isolation.by(dict(record.manifest), scene)
        return None if isolation.alone and isolation.shared else policy_for(ask, scene, name=record.ref.name)


def _scene(standing: Standing) -> EgressScene:
    scene = standing.view
    if not isinstance(scene, EgressScene):
        raise TypeError(f"{standing.spot.ref} was not looked at as a namespace with policies")
    return scene


def _taken(standing: Standing) -> Drift:
    place = standing.spot.ref.namespace
    sentence = (
        f"Meshdesk took the policy in {place} away when no egress policy of yours isolated its pods any more, since it "
        "alone would have. Reapply once one does, or release."
    )
    return {"taken": [place], "warnings": [sentence]}


def _is_last(session: Session, standing: Standing) -> bool:
    links = session.query(TicketTarget).filter_by(ticket_id=standing.ticket.id)
    return all("taken" in link.suspended for link in links if link.target_id != standing.spot.target_id)


def _testify(context: Context, standing: Standing, record: Record) -> None:
    with context.database.unit_of_work() as session:
        ticket = take_for_change(session, standing.ticket.id, by=WORKER)
        words: dict[str, Any] = {"workload": str(standing.spot.ref), "object": str(record.ref)}
        testify(session, ticket, "work:adjusted", by=WORKER, now=database_now(session), **words)
