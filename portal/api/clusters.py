"""Where one may ask: clusters, one's namespaces on them, and the workloads that workers last saw there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from portal import queries
from portal.api import schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.schema_base import Instant, Output
from portal.api.sights import sight, workload_view
from portal.api.smorest import Blueprint
from portal.db import database_now
from portal.errors import NotFound
from portal.models import Cluster, InventoryCluster, Namespace, Tenant
from portal.tickets.routing import surroundings_seen

blueprint = Blueprint("clusters", "Clusters, namespaces and what workers saw there.")


class SightSchema(Output):
    """When workers last read the cluster."""

    seen_at = Instant(allow_none=True)
    age_seconds = fields.Integer(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"description": "Why the last try to read it failed."})


class ClusterSchema(SightSchema):
    """A cluster on which you have namespaces."""

    name = fields.String()
    environment = fields.String()
    description = fields.String()
    console = fields.String(allow_none=True)
    paused_at = Instant(allow_none=True, metadata={"description": "Set: nothing new is begun, ends are still undone."})
    paused_by = fields.String(allow_none=True)
    pause_reason = fields.String(allow_none=True)

    draining = fields.Boolean(
        metadata={"description": "It left the registry: nothing new, and what is open is being undone. Operators see."}
    )


class ClusterListSchema(Output):
    """Clusters by name."""

    items = fields.List(fields.Nested(ClusterSchema))


class NamespaceSchema(Output):
    """A namespace of a tenant of yours."""

    name = fields.String()
    tenant = fields.String()
    environment = fields.String()


class NamespaceListSchema(Output):
    """Namespaces by name."""

    items = fields.List(fields.Nested(NamespaceSchema))


class WorkloadSchema(Output):
    """A workload as workers last saw it."""

    workload = fields.String()
    kind = fields.String()
    name = fields.String()
    meshed = fields.Boolean()
    why_not = fields.List(fields.Dict(), metadata={"description": "Why its pods get no proxy: {code, text}."})
    container_ports = fields.List(fields.Integer())
    annotations = fields.Dict(metadata={"description": "{value, source} of each key that Meshdesk may change."})
    patchable = fields.Boolean()
    instead = fields.String(allow_none=True, metadata={"description": "What to do where it cannot be changed."})
    blockers = fields.List(fields.String(), metadata={"description": "Why a change of it would never be seen."})
    kept_open = fields.List(
        fields.String(),
        metadata={"description": "Of Jobs and CronJobs: their finished pods that the mesh keeps running, and why."},
    )
    ways = fields.List(
        fields.Dict(),
        metadata={"description": "Of meshed Jobs and CronJobs, how they can be let end: {name, fits, why, settings}."},
    )


class InventoryViewSchema(SightSchema):
    """The workloads of one namespace."""

    cluster = fields.String()
    namespace = fields.String()
    tenant = fields.String()
    environment = fields.String()
    workloads = fields.List(fields.Nested(WorkloadSchema))


CLUSTERS, NAMESPACES, INVENTORY = ClusterListSchema(), NamespaceListSchema(), InventoryViewSchema()


@blueprint.route("/clusters")
@blueprint.response(200, CLUSTERS)
def list_clusters() -> Response:
    """List the clusters on which you have namespaces, with the age of what is known of them."""
    with parts().database.reading() as session:
        now = database_now(session)
        found = [cluster_view(session, cluster, now) for cluster in clusters_seen(session)]
        return answer(CLUSTERS, {"items": found})


def cluster_view(session: Session, cluster: Cluster, now: datetime) -> dict[str, Any]:
    """What ClusterSchema shows."""
    same = ("name", "environment", "description", "console", "paused_at", "paused_by", "pause_reason")
    own = {name: getattr(cluster, name) for name in same}
    return {**own, "draining": not cluster.active, **sight(session.get(InventoryCluster, cluster.name), now)}


def clusters_seen(session: Session) -> list[Cluster]:
    """The clusters on which the actor has namespaces; all, also those that drain, for who sees everything."""
    known = {namespace.cluster for namespace, _ in queries.namespaces(session, by=actor())}
    if actor().sees_everything:
        return [*queries.clusters(session), *queries.draining(session)]
    return [one for one in queries.clusters(session) if one.name in known]


@blueprint.route("/clusters/<name>/namespaces")
@blueprint.response(200, NAMESPACES)
def list_namespaces(name: str) -> Response:
    """List your namespaces on a cluster."""
    with parts().database.reading() as session:
        cluster = next((one for one in clusters_seen(session) if one.name == name), None)
        if cluster is None:
            raise NotFound(f"No cluster {name} has namespaces of yours: GET /clusters lists those that have.")
        owned = queries.namespaces(session, by=actor(), cluster=name)
        return answer(NAMESPACES, {"items": [_namespace(cluster, *pair) for pair in owned]})


def _namespace(cluster: Cluster, namespace: Namespace, tenant: Tenant) -> dict[str, Any]:
    environment = namespace.environment or cluster.environment
    return {"name": namespace.name, "tenant": tenant.name, "environment": environment}


@blueprint.route("/clusters/<name>/inventory")
@blueprint.arguments(schemas.InventorySchema(), location="query")
@blueprint.response(200, INVENTORY)
def inventory(asked: dict[str, Any], name: str) -> Response:
    """Show the workloads of a namespace: meshed or why not, ports, present annotations, and the age of all that."""
    with parts().database.reading() as session:
        place = queries.place(session, name, asked["namespace"], by=actor())
        view = queries.namespace_view(session, name, asked["namespace"])
        seen = session.get(InventoryCluster, name)
        where = {"cluster": name, "namespace": place.namespace, "environment": place.environment}
        workloads = [] if view is None else _workloads(view)
        whole = {**where, "tenant": place.tenant.name, **sight(seen, database_now(session)), "workloads": workloads}
        return answer(INVENTORY, whole)


def _workloads(view: queries.NamespaceView) -> list[dict[str, Any]]:
    around = surroundings_seen(view)
    return [workload_view(row, around) for row in view.workloads.values()]
