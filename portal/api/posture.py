"""What the mesh really looks like, as workers last read it: tallies, findings, workloads, their trend, and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response

from portal.api import paging, posture_files
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.posture_schemas import (
    FindingListSchema,
    FindingsSchema,
    MeantSchema,
    PointListSchema,
    PostureSchema,
    PostureWorkloadListSchema,
    ScopeSchema,
    TrendSchema,
    WorkloadsSchema,
)
from portal.api.posture_views import finding_views, line_view, summary
from portal.api.smorest import Blueprint
from portal.db import database_now
from portal.queries import posture
from portal.queries.encryption import Scope
from portal.queries.posture import Finding, Line, Wanted
from portal.queries.posture_trend import SPANS, trend

blueprint = Blueprint("posture", "What the mesh really looks like, and what no ticket explains.")
SUMMARY, FINDINGS = PostureSchema(), FindingListSchema()
WORKLOADS, POINTS = PostureWorkloadListSchema(), PointListSchema()
SCOPE, MEANT = ScopeSchema(), MeantSchema()
_FILE: dict[str, Any] = {"content_type": "text/csv", "description": "A head, and a line for each."}


def scope_of(asked: dict[str, Any]) -> Scope:
    """The scope that a query means."""
    return Scope(asked.get("cluster"), asked.get("namespace"), asked.get("tenant"))


def wanted_of(asked: dict[str, Any]) -> Wanted:
    """The findings that a query means, as MeantSchema loads it."""
    return Wanted(scope_of(asked), asked["code"], asked["explained"], asked["leftovers"])


@blueprint.route("/posture")
@blueprint.arguments(SCOPE, location="query")
@blueprint.response(200, SUMMARY)
def show_posture(asked: dict[str, Any]) -> Response:
    """Show how far what you may see is encrypted, how old that is, and how much no ticket explains."""
    with parts().database.reading() as session:
        return answer(SUMMARY, summary(session, scope_of(asked), database_now(session), by=actor()))


@blueprint.route("/posture/findings")
@blueprint.arguments(FindingsSchema(), location="query")
@blueprint.response(200, FINDINGS)
def list_findings(asked: dict[str, Any]) -> Response:
    """List holes (or leftovers) that are still there, those that no ticket explains and the oldest first."""
    after = paging.number_of(asked["cursor"]) if asked["cursor"] else None
    limit = asked["limit"]
    with parts().database.reading() as session:
        found = posture.findings(session, wanted_of(asked), by=actor(), after=after, limit=limit + 1)
        response = answer(FINDINGS, {"items": finding_views(found[:limit])})
    return _leading_on(response, found, limit)


@blueprint.route("/posture/workloads")
@blueprint.arguments(WorkloadsSchema(), location="query")
@blueprint.response(200, WORKLOADS)
def list_workloads(asked: dict[str, Any]) -> Response:
    """List workloads as their running pods show them, each with its findings."""
    after = paging.number_of(asked["cursor"]) if asked["cursor"] else None
    limit = asked["limit"]
    with parts().database.reading() as session:
        found = posture.lines(session, scope_of(asked), by=actor(), after=after, limit=limit + 1)
        response = answer(WORKLOADS, {"items": [line_view(one) for one in found[:limit]]})
    return _leading_on(response, found, limit)


def _leading_on(response: Response, found: Sequence[Finding | Line], limit: int) -> Response:
    response.headers.update(paging.next_link(found[limit - 1].row.id) if len(found) > limit else {})
    return response


@blueprint.route("/posture/trend")
@blueprint.arguments(TrendSchema(), location="query")
@blueprint.response(200, POINTS)
def show_trend(asked: dict[str, Any]) -> Response:
    """Show how the workloads stood over time; there is no point where a cluster was not read for long."""
    with parts().database.reading() as session:
        now = database_now(session)
        points = trend(session, scope_of(asked), SPANS[asked["span"]], by=actor(), now=now)
        return answer(POINTS, {"items": points})


@blueprint.route("/posture.csv")
@blueprint.arguments(SCOPE, location="query")
@blueprint.response(200, {"type": "string"}, **_FILE)
def workloads_file(asked: dict[str, Any]) -> Response:
    """Download the workloads that you may see as comma-separated values."""
    return posture_files.workloads_file(scope_of(asked))


@blueprint.route("/posture/findings.csv")
@blueprint.arguments(MEANT, location="query")
@blueprint.response(200, {"type": "string"}, **_FILE)
def findings_file(asked: dict[str, Any]) -> Response:
    """Download the findings that a query finds as comma-separated values."""
    return posture_files.findings_file(wanted_of(asked))
