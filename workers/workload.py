"""Workloads as targets: annotations on their pod templates are patched, and the rollouts of their pods watched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from portal.errors import Gone, Refused
from portal.kinds.base import InventoryView, WorkloadKind
from portal.kinds.registry import kind_named
from portal.mesh.adopting import present
from portal.mesh.adoption_findings import adoption_findings, gone_words
from portal.mesh.annotations import KEYS
from portal.mesh.findings import Finding
from portal.mesh.fold import Claim, Unreadable, Want, fold
from portal.mesh.job_downloads import download
from portal.mesh.jobs import unpatchable_job, why_kept
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.view import effective_report
from portal.mesh.workloads import annotations_patch, field_owners, template_annotations
from portal.models import Target, Ticket, TicketTarget
from portal.tickets.expectation import Surroundings, claims_on, expected_change, memory_of, seen_of
from portal.tickets.moving import number_of
from portal.tickets.routing import view_of
from workers.called import called_by
from workers.cluster.protocol import Cluster, Object
from workers.context import Context, Spot, surroundings
from workers.converge import Found, converge
from workers.handlers import Before, Looked, Observation, Work, blocking
from workers.leaving_alone import Untouched, is_wanted, started
from workers.rollout import mesh_annotations, observe, pods_before


class WorkloadHandler:
    """Deployments, StatefulSets, DaemonSets, CronJobs and Jobs."""

    def look(self, context: Context, ticket: Ticket, spot: Spot) -> Looked:
        """The workload as it is, what would change on it, what the kind finds, and what the API server says to it."""
        try:
            view = self._view(context, ticket, spot)
        except (Gone, Refused) as error:
            return Looked(None, [blocking("cluster-refused", spot, error.sentence)], {"workload": str(spot.ref)})
        kind: WorkloadKind = kind_named(ticket.kind)  # type: ignore[assignment]  # no other kind has workloads
        wanted = kind.wants(ticket.fields, view)
        change = self._expected_change(context, ticket, spot, view, wanted)
        findings = adoption_findings(view, wanted) if ticket.adopts else kind.checks(ticket.fields, [view])
        if change is not None and wanted:
            findings += _dry_run_findings(context, spot, change)
        report = {**_report(spot, view, change), **_manifest(kind, ticket, view)}
        return Looked(view, findings, report, wanted)

    def _view(self, context: Context, ticket: Ticket, spot: Spot) -> InventoryView:
        cluster, namespace = context.connect(spot.cluster), spot.ref.namespace
        obj, around = cluster.workload(spot.ref), surroundings(cluster, namespace)
        budgets = tuple(cluster.disruption_budgets(namespace))
        limits = tuple(cluster.objects("v1", "LimitRange", namespace))
        quotas = tuple(cluster.objects("v1", "ResourceQuota", namespace))
        with context.database.reading() as session:
            target = session.get_one(Target, spot.target_id)
            view = view_of(session, obj, around, target, besides=ticket.ref)
        more = _about_jobs(cluster, ticket, view) if spot.ref.kind in ("job", "cronjob") else {}
        return replace(view, budgets=budgets, limits=limits, quotas=quotas, **more)

    def _expected_change(
        self, context: Context, ticket: Ticket, spot: Spot, view: InventoryView, wanted: Want
    ) -> dict[str, Any] | None:
        with context.database.reading() as session:
            target = session.get_one(Target, spot.target_id)
            around = Surroundings(dict(view.namespace), view.defaults, dict(view.webhook or {}))
            try:
                return expected_change(session, target, view.obj, around, Claim(ticket.ref, wanted))
            except Unreadable:
                # The kind's own checks say which value it is and who must mend it.
                return None

    def rehearse(self, context: Context, link: TicketTarget, spot: Spot) -> Before:
        """Have the API server check the very patch."""
        cluster = context.connect(spot.cluster)
        obj = cluster.workload(spot.ref)
        wish = Claim(f"MD-{link.ticket_id}", Want.from_json(link.wanted))
        if not wish.want:
            return pods_before(context, spot, obj)
        found = Found(obj, surroundings(cluster, spot.ref.namespace))
        blockers = [*rollout_blockers(obj), *_started(spot, obj), *_gone(context, spot, obj, wish)]
        if blockers:
            raise Refused(f"{spot.ref}: {' '.join(blockers)}")
        patch = annotations_patch(spot.ref.kind, _changes(context, spot, found, wish), f"{wish.ticket};0", None)
        cluster.patch_workload(spot.ref, patch, dry_run=True)
        return pods_before(context, spot, obj)

    def write(self, context: Context, work: Work) -> None:
        """Write the fold of all live tickets, at once."""
        converge(context, work.spot)

    def observe(self, context: Context, work: Work) -> Observation:
        """The workload and its pods now."""
        if not is_wanted(context, work):
            return Untouched(work.spot)
        around = surroundings(context.connect(work.spot.cluster), work.spot.ref.namespace)
        return observe(context, work.spot, around)

    def take_back(self, context: Context, work: Work) -> Observation:
        """Write the fold without the ended ticket, fenced, and look at the pods."""
        if not is_wanted(context, work):
            return Untouched(work.spot)
        if left := started(context, work):
            return left
        shown = converge(context, work.spot, fence_for=work.ticket_id)
        return observe(context, work.spot, shown.around)

    def reconcile(self, context: Context, spot: Spot) -> None:
        """Write the fold, which adds nothing twice and tells on its tickets what somebody took out."""
        try:
            converge(context, spot)
        except Refused as error:
            if why := _started(spot, context.connect(spot.cluster).workload(spot.ref)):
                raise Refused(why[0]) from error
            raise


def _gone(context: Context, spot: Spot, obj: Object, wish: Claim) -> list[str]:
    """Why there is nothing to take over for a ticket that would."""
    with context.database.reading() as session:
        adopts = session.get_one(Ticket, number_of(wish.ticket)).adopts
    missing = wish.want - present(wish.want, template_annotations(obj))
    return [f"{gone_words(missing)} Withdraw the ticket."] if adopts and missing else []


def _started(spot: Spot, obj: Object) -> list[str]:
    why = unpatchable_job(obj) if spot.ref.kind == "job" else None
    return [] if why is None else [why]


def _about_jobs(cluster: Cluster, ticket: Ticket, view: InventoryView) -> dict[str, Any]:
    """What preflight knows more of Jobs: which pods are kept running, and what is around the destinations they call."""
    kind: WorkloadKind = kind_named(ticket.kind)  # type: ignore[assignment]
    kept = tuple(why_kept(view.obj, cluster.pods(dict(view.obj)), view.defaults, view.around))
    destinations = kind.calls(ticket.fields, view.ref.namespace)
    return {"kept_open": kept, "called": called_by(cluster, destinations, view.defaults) if destinations else None}


def _manifest(kind: WorkloadKind, ticket: Ticket, view: InventoryView) -> dict[str, Any]:
    corrected = kind.corrected(ticket.fields, view)
    return {} if corrected is None else {"manifest": download(view.obj, corrected)}


def _changes(context: Context, spot: Spot, found: Found, wish: Claim) -> dict[str, str | None]:
    with context.database.reading() as session:
        target = session.get_one(Target, spot.target_id)
        claims = [*claims_on(session, target), wish]
    return dict(fold(memory_of(target, found.obj), seen_of(found.obj, found.around), claims).changes)


def _dry_run_findings(context: Context, spot: Spot, change: dict[str, Any]) -> list[Finding]:
    """What the API server says to the very change, without storing it."""
    before, after = change["before"], change["after"]
    changes = {key: after.get(key) for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    patch = annotations_patch(spot.ref.kind, changes, "MD-0;0", None)
    try:
        context.connect(spot.cluster).patch_workload(spot.ref, patch, dry_run=True)
    except (Gone, Refused) as error:
        return [blocking("change-refused", spot, error.sentence)]
    return []


def _report(spot: Spot, view: InventoryView, change: dict[str, Any] | None) -> dict[str, Any]:
    obj: Object = dict(view.obj)
    return {
        "workload": str(spot.ref),
        "uid": obj["metadata"]["uid"],
        "change": change,
        "effective": effective_report(obj, view.namespace, view.defaults),
        "annotations": mesh_annotations(obj),
        "field_owners": field_owners(obj, KEYS),
        "linkerd": view.defaults.version,
    }
