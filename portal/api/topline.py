"""The traffic of one's workloads as their proxies count it: what workers last asked a Prometheus, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api import paging, schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.csv_file import MOST_ROWS, csv_response
from portal.api.schema_base import NAME, Input, Instant, Output
from portal.api.sights import age_seconds
from portal.api.smorest import Blueprint
from portal.db import Database, database_now
from portal.errors import NotFound
from portal.models import ToplineCluster
from portal.queries import topline
from portal.queries.encryption import Scope
from portal.queries.topline import Traffic

blueprint = Blueprint("topline", "Success rates, requests and latencies of your workloads.")
NOT_ASKED = "No worker has asked for its figures yet."
BATCH = 1000
HEAD = (
    *("cluster", "namespace", "tenant", "workload", "at", "success_rate", "requests_per_second"),
    *("latency_ms_p50", "latency_ms_p95", "latency_ms_p99", "meshed"),
)


class PlaceSchema(Input):
    """Whose workloads."""

    cluster = fields.String(load_default=None, validate=NAME)
    namespace = fields.String(load_default=None, validate=NAME)
    tenant = fields.String(load_default=None, validate=NAME)


class AskedSchema(schemas.PageSchema, PlaceSchema):
    """Which page of whose workloads."""


class MinuteSchema(Output):
    """One minute of the last hour."""

    at = Instant()
    requests_per_second = fields.Float()
    success_rate = fields.Float(allow_none=True)


class TrafficSchema(Output):
    """What came to one workload in the last minute; null where nothing came, or nothing was told."""

    cluster = fields.String()
    namespace = fields.String()
    tenant = fields.String()
    workload = fields.String()
    at = Instant(metadata={"description": "The minute that the figures are of."})
    success_rate = fields.Float(allow_none=True, metadata={"description": "0 to 1; null: no requests came."})
    requests_per_second = fields.Float()
    latency_ms_p50 = fields.Float(allow_none=True)
    latency_ms_p95 = fields.Float(allow_none=True)
    latency_ms_p99 = fields.Float(allow_none=True)
    meshed = fields.Float(allow_none=True, metadata={"description": "0 to 1: the share that came by mutual TLS."})
    hour = fields.List(fields.Nested(MinuteSchema), metadata={"description": "Minutes that are known, oldest first."})


class SourceSchema(Output):
    """Whom workers ask for a cluster's figures."""

    cluster = fields.String()
    source = fields.String(allow_none=True, metadata={"description": "`platform` or `viz`; null: there is none."})
    asked_at = Instant(allow_none=True)
    seen_at = Instant(allow_none=True, metadata={"description": "The minute up to which figures are known."})
    age_seconds = fields.Integer(allow_none=True)
    problem = fields.String(allow_none=True, metadata={"description": "Why there is nothing newer, and what to do."})


class ToplineSchema(Output):
    """A page of workloads, those that fail most first; the Link header leads to the next."""

    items = fields.List(fields.Nested(TrafficSchema))
    sources = fields.List(fields.Nested(SourceSchema), metadata={"description": "Of each of your clusters."})


TOPLINE, ASKED, PLACE = ToplineSchema(), AskedSchema(), PlaceSchema()


@blueprint.route("/topline")
@blueprint.arguments(ASKED, location="query")
@blueprint.response(200, TOPLINE)
def list_traffic(asked: dict[str, Any]) -> Response:
    """List success rate, requests a second and latencies of your workloads, and the age and source of the figures."""
    with parts().database.reading() as session:
        scope, first = scope_of(session, asked, by=actor()), offset_of(asked["cursor"])
        found = topline.traffic(session, scope, by=actor(), offset=first, limit=asked["limit"] + 1)
        told = sources_view(session, scope, by=actor(), now=database_now(session))
        shown = found[: asked["limit"]]
        response = answer(TOPLINE, {"items": [traffic_view(one) for one in shown], "sources": told})
    response.headers.update(paging.next_link(first + len(shown)) if len(found) > len(shown) else {})
    return response


@blueprint.route("/topline.csv")
@blueprint.arguments(PLACE, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv", description="A head, and a line a workload.")
def traffic_csv(asked: dict[str, Any]) -> Response:
    """Download the figures of the last minute, at most 100,000 workloads."""
    return traffic_file(asked)


def traffic_file(asked: dict[str, Any]) -> Response:
    """The figures of what PlaceSchema loaded, as a file."""
    with parts().database.reading() as session:
        scope = scope_of(session, asked, by=actor())
    return csv_response("traffic.csv", HEAD, _rows(parts().database, scope, actor()))


def _rows(database: Database, scope: Scope, by: Actor) -> Iterator[Sequence[Any]]:
    # It runs while the answer is sent, when there is no request any more; each batch is a read of its own.
    for first in range(0, MOST_ROWS, BATCH):
        with database.reading() as session:
            found = topline.traffic(session, scope, by=by, offset=first, limit=BATCH)
        for one in found:
            view = traffic_view(one)
            yield [view[name] for name in HEAD]
        if len(found) < BATCH:
            return


def offset_of(cursor: str | None) -> int:
    """How many workloads stand before a page; raises Invalid for a cursor that is none."""
    return 0 if cursor is None else paging.number_of(cursor)


def scope_of(session: Session, asked: dict[str, Any], *, by: Actor) -> Scope:
    """The scope that a query means; raises NotFound for a place in which the actor has nothing."""
    scope = Scope(asked["cluster"], asked["namespace"], asked["tenant"])
    if (scope.cluster or scope.namespace) and not _places(session, scope, by):
        raise NotFound("You have no such namespace: GET /clusters lists where you have some.")
    return scope


def _places(session: Session, scope: Scope, by: Actor) -> list[str]:
    """The clusters on which the actor has namespaces of the scope."""
    owned = queries.namespaces(session, by=by, cluster=scope.cluster)
    return sorted({one.cluster for one, _ in owned if scope.namespace in (None, one.name)})


def sources_view(session: Session, scope: Scope, *, by: Actor, now: datetime) -> list[dict[str, Any]]:
    """What SourceSchema shows, of each cluster in the scope."""
    names = _places(session, scope, by)
    known = topline.sources(session, names)
    return [_source(name, known.get(name), now) for name in names]


def _source(name: str, row: ToplineCluster | None, now: datetime) -> dict[str, Any]:
    if row is None:
        same = dict.fromkeys(("source", "asked_at", "seen_at", "age_seconds"))
        return {"cluster": name, "problem": NOT_ASKED, **same}
    return {
        "cluster": name,
        "source": row.source,
        "asked_at": row.tried_at,
        "seen_at": row.seen_at,
        "age_seconds": age_seconds(row.seen_at, now),
        "problem": row.problem,
    }


def traffic_view(one: Traffic) -> dict[str, Any]:
    """What TrafficSchema shows."""
    return {
        **{name: getattr(one, name) for name in ("cluster", "namespace", "tenant")},
        "workload": f"{one.kind}/{one.name}",
        "at": one.seen_at,
        "success_rate": one.success,
        "requests_per_second": one.requests,
        **{f"latency_ms_{name}": getattr(one, name) for name in ("p50", "p95", "p99")},
        "meshed": one.meshed,
        "hour": [
            {
                "at": one.seen_at - timedelta(minutes=point.ago),
                "requests_per_second": point.requests,
                "success_rate": point.success,
            }
            for point in one.hour
        ],
    }
