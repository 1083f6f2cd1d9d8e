"""Pausing a cluster and having it go on, as an operator."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import schemas
from portal.api.answering import answer
from portal.api.clusters import ClusterSchema, cluster_view
from portal.api.idempotency import Edge, change
from portal.api.smorest import Blueprint
from portal.tickets import operating

blueprint = Blueprint("pauses", "Begin nothing new on a cluster for a while.")
CLUSTER = ClusterSchema()


@blueprint.route("/clusters/<name>/pause", methods=["POST"])
@blueprint.arguments(schemas.PauseSchema())
@blueprint.response(200, CLUSTER)
def pause(said: dict[str, Any], name: str) -> Response:
    """Begin nothing new on a cluster; what has begun goes on, and what ends is undone."""

    def effect(edge: Edge) -> Response:
        cluster = operating.pause(edge.session, name, reason=said["reason"], by=edge.by, now=edge.now)
        return answer(CLUSTER, cluster_view(edge.session, cluster, edge.now))

    return change(effect)


@blueprint.route("/clusters/<name>/resume", methods=["POST"])
@blueprint.arguments(schemas.NothingSchema(), required=False)
@blueprint.response(200, CLUSTER)
def resume(_: dict[str, Any], name: str) -> Response:
    """Go on with what waited on a paused cluster, oldest first."""

    def effect(edge: Edge) -> Response:
        cluster = operating.resume(edge.session, name, by=edge.by, now=edge.now)
        return answer(CLUSTER, cluster_view(edge.session, cluster, edge.now))

    return change(effect)
