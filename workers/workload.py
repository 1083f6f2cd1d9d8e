"""Workloads as targets: annotations on their pod templates are patched, and the rollouts of their pods watched."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from portal.errors import Gone, Refused
from portal.kinds.base import InventoryView, WorkloadKind
from portal.kinds.registry import kind_named
from portal.mesh.adopting import present
from portal.mesh.adoption_findings import adoption_findings, gone_words
from portal.mesh.fold import Claim, Unreadable, Want, fold
from portal.mesh.job_downloads import download
from portal.mesh.jobs import unpatchable_job, why_kept
from portal.mesh.rollouts import rollout_blockers
from portal.mesh.workloads import annotations_patch, template_annotations
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
from workers.looking import once
from workers.near import with_near
from workers.rehearsal import Rehearsed, rehearse, report_of
from workers.rollout import observe, pods_before


class WorkloadHandler:
    """Deployments, StatefulSets, DaemonSets, CronJobs and Jobs."""

    def look(self, context: Context, ticket: Ticket, spot: Spot) -> Looked:
        """The workload as it is, what would change on it, what the kind finds, and what the API server says to it."""
        kind: WorkloadKind = kind_named(ticket.kind)  # type: ignore[assignment]  # no other kind has workloads
        try:
            view = self.view(context, ticket, spot)
            wanted = kind.wants(ticket.fields, view)
            view = with_near(context, ticket, spot, view, wanted)
        except (Gone, Refused) as error:
            return Looked(None, [blocking("cluster-refused", spot, error.sentence)], {"workload": str(spot.ref)})
        change = self._expected_change(context, ticket, spot, view, wanted)
        findings = adoption_findings(view, wanted) if ticket.adopts else kind.checks(ticket.fields, [view])
        rehearsed = rehearse(context, ticket, spot, view, change) if wanted else Rehearsed()
        report = {**report_of(spot, view, change, wanted), **rehearsed.report, **_manifest(kind, ticket, view)}
        return Looked(view, [*findings, *rehearsed.findings], report, wanted)

    def view(self, context: Context, ticket: Ticket, spot: Spot) -> InventoryView:
        """The workload with what rules are met by; nothing of what only findings are about. Raises Gone and Refused."""
        cluster, namespace = context.connect(spot.cluster), spot.ref.namespace
        obj = cluster.workload(spot.ref)
        around = once(context, (spot.cluster, namespace, "mesh"), partial(surroundings, cluster, namespace))
        with context.database.reading() as session:
            target = session.get_one(Target, spot.target_id)
            view = view_of(session, obj, around, target, besides=ticket.ref)
        more = _about_jobs(cluster, ticket, view) if spot.ref.kind in ("job", "cronjob") else {}
        bounds = once(context, (spot.cluster, namespace, "bounds"), partial(_bounds, cluster, namespace))
        return replace(view, budgets=bounds[0], limits=bounds[1], quotas=bounds[2], **more)

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


def _bounds(cluster: Cluster, namespace: str) -> list[tuple[Object, ...]]:
    """What bounds the pods of a namespace: PodDisruptionBudgets, LimitRanges, ResourceQuotas."""
    lists = [tuple(cluster.objects("v1", kind, namespace)) for kind in ("LimitRange", "ResourceQuota")]
    return [tuple(cluster.disruption_budgets(namespace)), *lists]
