"""The page Traffic: success rate, requests and latencies of what one may see, as workers last asked, worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.api import paging, topline
from portal.api.context import actor, parts
from portal.db import database_now
from portal.mesh import dashboards
from portal.mesh.workloads import WorkloadRef
from portal.models import Cluster
from portal.queries import topline as selects
from portal.queries.topline import FAILING_BELOW, Traffic
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import render
from portal.web.spark import Spark, amount, percent, spark

PER_PAGE = 40
LATE_AFTER = 5
"""Figures that are so many turns old are told as old."""
_FILTERS = ("cluster", "namespace", "tenant")


@dataclass(frozen=True)
class Shown:
    """One workload's figures with its picture and its page in the monitoring console."""

    figures: Traffic
    spark: Spark
    console: str | None

    @property
    def failing(self) -> bool:
        """Whether it fails too much."""
        return self.figures.success is not None and self.figures.success < FAILING_BELOW


@blueprint.get("/topline")
def show_topline() -> Response:
    """Show the traffic of what one may see; filters are in the address."""
    if g.web_session is None:
        return sessions.sign_in_first()
    chosen = _chosen()
    asked = sent.load(topline.ASKED, chosen)
    first = topline.offset_of(asked["cursor"])
    with parts().database.reading() as session:
        by, now = actor(), database_now(session)
        scope = topline.scope_of(session, asked, by=by)
        found = selects.traffic(session, scope, by=by, offset=first, limit=PER_PAGE + 1)
        shown: dict[str, Any] = {
            "lines": _shown(session, found[:PER_PAGE]),
            "counts": selects.counts(session, scope, by=by),
            "sources": topline.sources_view(session, scope, by=by, now=now),
        }
    more = {**chosen, "cursor": paging.cursor_of(first + PER_PAGE)} if len(found) > PER_PAGE else None
    filters = {name: value for name, value in chosen.items() if name in _FILTERS}
    return render(
        "topline.html",
        chosen=chosen,
        filters=filters,
        narrowed=bool(filters),
        search=urlencode(filters),
        here=f"/topline?{urlencode(chosen)}" if chosen else "/topline",
        next_page=f"/topline?{urlencode(more)}" if more else None,
        now=now,
        by=by,
        old_before=_old_before(now),
        percent=percent,
        amount=amount,
        **shown,
    )


@blueprint.get("/topline.csv")
def topline_csv() -> Response:
    """Download the figures of what the filters show, all pages of it."""
    sessions.present()
    return topline.traffic_file(sent.load(topline.PLACE, _chosen()))


def _chosen() -> dict[str, str]:
    return {name: value.strip() for name, value in request.args.items() if value.strip()}


def _old_before(now: datetime) -> datetime:
    # The figures of a minute are known when it is over.
    return now - LATE_AFTER * max(parts().config.topline_every, timedelta(minutes=1))


def _shown(session: Session, found: Sequence[Traffic]) -> list[Shown]:
    names = {one.cluster for one in found}
    consoles = {one.name: one.console for one in session.scalars(select(Cluster).where(Cluster.name.in_(names)))}
    return [Shown(one, spark(one.hour), _console(one, consoles.get(one.cluster))) for one in found]


def _console(one: Traffic, console: str | None) -> str | None:
    if not console:
        return None
    ref = WorkloadRef(one.kind, one.namespace, one.name)
    pages = dashboards.of_workload(console, ref)
    own = dashboards.address(console, f"linkerd-{one.kind}", {one.kind: one.name, "namespace": one.namespace})
    return own if one.kind in dashboards.DETAILED else pages[0].text
