"""The cluster's Viz as a target: one that all live tickets share, whoever asked first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from portal import queries
from portal.db import database_now
from portal.errors import AlreadyExists, Gone, Refused, Transient
from portal.kinds.base import Kind
from portal.kinds.registry import kind_named
from portal.mesh.diff import created_diff
from portal.mesh.findings import Finding
from portal.mesh.objects import ObjectRef
from portal.mesh.stamp import stamped
from portal.mesh.viz.bundle import Bundle
from portal.mesh.viz.findings import dashboard_refusal
from portal.mesh.viz.order import creation_stages
from portal.mesh.viz.views import VizView
from portal.models import CreatedObject, Ticket, TicketTarget
from portal.tickets.viz_sights import is_installed, known_scene
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.created.rows import history, records
from workers.created.telling import tell
from workers.handlers import Before, Looked, Work, blocking
from workers.viz.installing import bundle_for, date, install, refuse_foreign, unmet_now
from workers.viz.memory import Memory, remembered
from workers.viz.observation import VizObservation
from workers.viz.reconciling import tell_drift
from workers.viz.scene import view_of
from workers.viz.site import Site, taken, tenure
from workers.viz.taking_away import begin, take_away

# A removal that takes longer shows as the ticket's problem.
PATIENCE = timedelta(minutes=1)
# What can be tried before the namespace is there; a binding needs its role first.
_TRIED = ("Namespace", "ClusterRole", "Role", "APIService", "MutatingWebhookConfiguration")


class VizHandler:
    """Installs the cluster's Viz for the first ticket and takes it away with the last."""

    def look(self, context: Context, ticket: Ticket, spot: Spot) -> Looked:
        """What is found for all namespaces of the ticket, which objects there would be, and what the cluster says."""
        report: dict[str, Any] = {"workload": str(spot.ref)}
        try:
            view = view_of(context, ticket, spot)
        except (Gone, Refused) as error:
            return Looked(None, [blocking("cluster-refused", spot, error.sentence)], report)
        kind: Kind[Any] = kind_named(ticket.kind)
        findings = kind.checks(ticket.fields, [view]) + self._refusals(context, spot, view)
        change = created_diff([_by_name(obj) for obj in _wanted(view)])
        return Looked(view, findings, {**report, "change": change, "bundle": _digest(view)})

    def _refusals(self, context: Context, spot: Spot, view: VizView) -> list[Finding]:
        if view.scene.bundle is None or view.installed or view.scene.presence:
            return []
        try:
            _try(context, spot, view.scene.bundle)
        except (AlreadyExists, Gone, Refused) as error:
            return [blocking("change-refused", spot, error.sentence)]
        return []

    def rehearse(self, context: Context, link: TicketTarget, spot: Spot) -> Before:
        """See that there is a bundle which may be installed and no other Viz, and have the API server check what can
        be checked before."""
        with context.database.reading() as session:
            installed = is_installed(session, spot.cluster)
            bundle = None if installed else bundle_for(session, spot.cluster)
            fields = session.get_one(Ticket, link.ticket_id).fields
            refusal = dashboard_refusal(known_scene(session, spot.cluster, fields))
        if refusal is not None:
            raise Refused(refusal)
        if bundle is not None:
            refuse_foreign(context, spot)
            try:
                _try(context, spot, bundle)
            except AlreadyExists as error:
                installed = self._begun_since(context, spot)
                if not installed:
                    raise Refused(error.sentence) from error
        return {"workload": str(spot.ref), "objects": [], "installed": installed}

    @staticmethod
    def _begun_since(context: Context, spot: Spot) -> bool:
        """True when the worker of another ticket has begun to install it while this one looked."""
        with context.database.reading() as session:
            return is_installed(session, spot.cluster)

    def write(self, context: Context, work: Work) -> None:
        """Install as far as can be done now."""
        install(context, work)

    def observe(self, context: Context, work: Work) -> VizObservation:
        """What is there, and what is still waited for."""
        memory = remembered(context, work.spot)
        if memory.bundle is None or memory.removing:
            sentence = "The Viz of before is being taken away." if memory.removing else "Viz is to be installed."
            return VizObservation(work.spot, 0, 0, (sentence,))
        site = Site(context, work.spot, context.connect(work.spot.cluster), work.keep)
        created = [record for record in records(context, work.spot) if record.uid is not None]
        waiting = _waiting(site, memory, {record.ref for record in created})
        shown = [{"object": str(one.ref), "uid": one.uid, "digest": one.digest} for one in created]
        data = {"objects": shown, **_installation(memory)}
        return VizObservation(work.spot, len(created), len(memory.pinned.objects), tuple(waiting), data=data)

    def take_back(self, context: Context, work: Work) -> VizObservation:
        """Leave it to the other live tickets, or take it away where there are none."""
        with taken(context, work.spot, work.keep) as site:
            held, memory = tenure(context, work.spot), remembered(context, work.spot)
            if held is not None and not memory.removing:
                if memory.bundle is not None:
                    date(site, memory, held)
                return VizObservation(work.spot, 0, 0, data={"kept_for": list(held.tickets)})
            if memory.bundle is not None:
                _report(context, work, begin(site, memory))
            waiting = take_away(site)
        after = remembered(context, work.spot)
        left = len(records(context, work.spot))
        gone = history(context, work.spot, CreatedObject.recorded_at >= after.since) if after.since else []
        data = {"objects": gone, "added_by_others": list(after.added)}
        stuck = bool(waiting) and _is_late(context, work.ticket_id)
        return VizObservation(work.spot, left, 0, tuple(waiting), stuck=stuck, data=data)

    def reconcile(self, context: Context, spot: Spot) -> None:
        """Take it away where it is for nobody; else bring its date up to now and tell of what somebody deleted."""
        with taken(context, spot, lambda: None) as site:
            tell_drift(site)
            waiting = take_away(site) if _is_nobodys(context, spot) else []
        if waiting:
            raise Transient(f"{' '.join(waiting)} This goes on by itself.")


def _report(context: Context, work: Work, memory: Memory) -> None:
    """Tell the ticket what of others goes with Viz, before it goes."""
    if memory.added:
        with context.database.unit_of_work() as session:
            tell(session, work.spot, work.ticket_id, {"warnings": list(memory.added)})


def _is_nobodys(context: Context, spot: Spot) -> bool:
    with context.database.reading() as session:
        return not queries.live_links(session, spot.target_id) and not queries.unfinished(session, spot.target_id)


def _is_late(context: Context, ticket_id: int) -> bool:
    with context.database.reading() as session:
        ended = session.get_one(Ticket, ticket_id).ended_at
        return ended is not None and database_now(session) - ended > PATIENCE


def _waiting(site: Site, memory: Memory, created: Collection[ObjectRef]) -> list[str]:
    """What the first stage that is not over waits for, and how many objects come after it."""
    for stage in creation_stages(memory.pinned):
        whole = all(ObjectRef.of(obj) in created for obj in stage.objects)
        waiting = unmet_now(site, stage) if whole else []
        if waiting or not whole:
            wanted = len(memory.pinned.objects)
            missing = wanted - len(created)
            return [*waiting, *([f"{missing} of {wanted} objects of Viz are to be created."] if missing else [])]
    return []


def _installation(memory: Memory) -> dict[str, Any]:
    ends = {
        name: {"authority_sha256": one.sha256, "ends": one.ends.isoformat()} for name, one in memory.authorities.items()
    }
    return {"bundle": memory.pinned.digest, "namespace": memory.pinned.namespace, "certificates": ends}


def _try(context: Context, spot: Spot, bundle: Bundle) -> None:
    """Have the API server check objects that need nothing else, without storing them."""
    cluster = context.connect(spot.cluster)
    for obj in bundle.objects:
        if obj["kind"] in _TRIED and obj["metadata"].get("namespace") != bundle.namespace:
            cluster.create_object(stamped(obj, nonce="0", ticket=None), dry_run=True)


def _wanted(view: VizView) -> list[Object]:
    return [] if view.installed or view.scene.bundle is None else list(view.scene.bundle.objects)


def _by_name(obj: Object) -> Object:
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace") if key in obj["metadata"]}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata}


def _digest(view: VizView) -> str | None:
    return view.scene.bundle.digest if view.scene.bundle else None
