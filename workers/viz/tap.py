"""Namespaces that people may tap: each ticket's own RoleBindings, and the restart that makes older pods tappable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from portal import queries
from portal.errors import Gone
from portal.mesh.objects import ObjectRef
from portal.mesh.viz.views import VIZ_NAMESPACE, VIZ_REF, TapView
from portal.models import Target, Ticket, TicketTarget
from workers.cluster.protocol import Object
from workers.context import Context, Spot
from workers.created.handler import ObjectsHandler, ticket_of
from workers.created.observation import ObjectsObservation
from workers.handlers import Work
from workers.viz.memory import Memory
from workers.viz.restarting import held_back, leftovers, restart, restarted
from workers.viz.site import there


class TapHandler(ObjectsHandler):
    """The right to tap in one namespace, for each ticket by itself."""

    def view(self, context: Context, ticket: Ticket, spot: Spot) -> TapView:
        """The namespace, and where Viz is or would be; raises Gone also while the namespace is being deleted."""
        cluster = context.connect(spot.cluster)
        if cluster.namespace(spot.ref.namespace)["metadata"].get("deletionTimestamp"):
            raise Gone(f"Namespace {spot.ref.namespace} on cluster {cluster.name} is being deleted.")
        return TapView(spot.ref.namespace, _viz_namespace(context, spot.cluster))

    def ready(self, context: Context, work: Work) -> list[str]:
        """Viz must be whole first."""
        with context.database.reading() as session:
            links = session.query(TicketTarget).join(Target).filter(TicketTarget.ticket_id == work.ticket_id)
            viz = links.filter(Target.kind == VIZ_REF.kind).one()
            return [] if viz.written_at is not None else ["Viz must be up before anybody may tap."]

    def dry_run(self, context: Context, spot: Spot, manifests: Sequence[Object]) -> None:
        """What needs nothing that is not there yet: an API server holds a binding against the role that it is to."""
        role = ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", "", manifests[0]["roleRef"]["name"])
        if there(context.connect(spot.cluster), role) is not None:
            super().dry_run(context, spot, [one for one in manifests if one.get("roleRef", {}).get("kind") != "Role"])

    def write(self, context: Context, work: Work) -> None:
        """Restart what is older than Viz where that was asked, then let people tap."""
        if self.ready(context, work):
            return
        ticket = ticket_of(context, work.ticket_id)
        if ticket.fields["restart"]:
            restart(context, work, ticket)
        super().write(context, work)

    def observe(self, context: Context, work: Work) -> ObjectsObservation:
        """The ticket's objects, and how far the restart is."""
        seen = super().observe(context, work)
        ticket = ticket_of(context, work.ticket_id)
        if not ticket.fields["restart"] or seen.waiting:
            return seen
        names, waiting = restarted(context, work, ticket)
        return replace(
            seen, waiting=(*seen.waiting, *waiting), extra={"restarted": names, **_held_back(context, work.spot)}
        )

    def take_back(self, context: Context, work: Work) -> ObjectsObservation:
        """Take the right away, and count the pods that keep Viz's harmless mark until they are next restarted."""
        seen = super().take_back(context, work)
        count = leftovers(context, work.spot)
        extra: dict[str, Any] = {"pods_with_tap_enabled": count}
        if count:
            extra["note"] = (
                f"{count} pods of {work.spot.ref.namespace} that were made while Viz was there keep the annotation "
                "viz.linkerd.io/tap-enabled and an environment variable of their proxy until their next restart; "
                "without Viz neither does anything."
            )
        return replace(seen, extra=extra)


def _held_back(context: Context, spot: Spot) -> dict[str, Any]:
    found = held_back(context, spot)
    return {"not_restarted": found} if found else {}


def _viz_namespace(context: Context, cluster: str) -> str:
    """Where the tickets' Viz is, else where the registry's bundle would put it."""
    with context.database.reading() as session:
        target = queries.targets_of(session, cluster, VIZ_REF.namespace).get((VIZ_REF.kind, VIZ_REF.name))
        bundle = Memory.from_json(target.memory).bundle if target is not None else None
        named = queries.viz_namespaces(session).get(cluster, VIZ_NAMESPACE)
    return bundle.namespace if bundle is not None else named
