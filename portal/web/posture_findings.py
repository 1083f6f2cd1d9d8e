"""The page of a posture that workers read: what no ticket explains first, then how it stands and how that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, request
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.clusters import clusters_seen
from portal.api.context import actor, parts
from portal.api.posture_views import finding_view, line_view, summary
from portal.api.schemas import ReasonSchema
from portal.db import database_now
from portal.errors import NotFound
from portal.queries import posture
from portal.queries.encryption import Scope, together
from portal.queries.posture import Finding, Wanted
from portal.queries.posture_trend import SPANS, Point, trend
from portal.states import Adopts
from portal.tickets import adopting
from portal.tickets.adopting import Terms
from portal.web import doing, sent, sessions
from portal.web.blueprint import blueprint
from portal.web.doing import Refused
from portal.web.page import go, render
from portal.web.trend_picture import picture
from portal.web.workload_list import asked_for

PATH = "/posture"
PER_PAGE = 40
MOST_PLACES = 30
OLD = timedelta(minutes=15)
"""Longer ago than that nobody can vouch for what was read."""
SHOWS = {"": "Without a ticket", "explained": "Explained by tickets", "leftovers": "Left over", "all": "All workloads"}
BECOMES = {"adopt": Adopts.KEEP, "revert": Adopts.CLOSE}
REASON = ReasonSchema()


@dataclass(frozen=True)
class Listed:
    """The rows of a page: findings, or workloads with theirs, and the number after which there are more."""

    findings: Sequence[dict[str, Any]] = ()
    workloads: Sequence[dict[str, Any]] = ()
    last: int | None = None


def was_read(scope: Scope) -> bool:
    """True where workers have read the posture of a cluster that the actor sees."""
    with parts().database.reading() as session:
        names = [one.name for one in clusters_seen(session) if scope.cluster in (None, one.name)]
        return any(one.seen_at for one in posture.read_clusters(session, names).values())


def page(refused: Refused | None = None) -> Response:
    """What was found, by the filters in the address; or once more, with a form that was refused."""
    chosen = doing.chosen()
    scope = Scope(*(chosen.get(name) for name in ("cluster", "namespace", "tenant")))
    with parts().database.reading() as session:
        by, now = actor(), database_now(session)
        span = SPANS.get(chosen.get("span", "day"), SPANS["day"])
        points = trend(session, scope, span, by=by, now=now)
        whole = summary(session, scope, now, by=by)
        shown: dict[str, Any] = {
            "whole": whole,
            "total": together(whole["tallies"]),
            "listed": _listed(session, scope, chosen, by),
            "points": _few(points),
            "picture": picture(points, span, now),
            "asks_for": asked_for(session, by),
        }
    more: dict[str, Any] = {
        "shows": _links(chosen, "show", SHOWS),
        "spans": _links(chosen, "span", {name: one.words for name, one in SPANS.items()}, default="day"),
        "files": _files(chosen),
        "further": None if shown["listed"].last is None else doing.further(PATH, shown["listed"].last),
        "doubts": [one for one in whole["clusters"] if _doubtful(one)],
    }
    formed = {f"{deed}-{one['number']}" for one in shown["listed"].findings if one["can"] for deed in BECOMES}
    more["stray"] = refused is not None and refused.form not in formed
    fixed = {"chosen": chosen, "now": now, "by": by, "span": span, "most": MOST_PLACES, "refused": refused}
    return render("posture_findings.html", doing.status_of(refused), **shown, **more, **fixed, here=doing.here(PATH))


def _doubtful(reading: dict[str, Any]) -> bool:
    age = reading["age_seconds"]
    return age is None or bool(reading["problem"]) or age > OLD.total_seconds()


def _listed(session: Session, scope: Scope, chosen: dict[str, str], by: Actor) -> Listed:
    after, show = doing.before_of({"cursor": chosen.get("cursor")}), chosen.get("show", "")
    if show == "all":
        lines = posture.lines(session, scope, by=by, after=after, limit=PER_PAGE + 1)
        last = lines[PER_PAGE - 1].row.id if len(lines) > PER_PAGE else None
        return Listed(workloads=[line_view(one) for one in lines[:PER_PAGE]], last=last)
    explained = {"explained": True, "leftovers": None}.get(show, False)
    wanted = Wanted(scope, chosen.get("code"), explained, leftovers=show == "leftovers")
    found = posture.findings(session, wanted, by=by, after=after, limit=PER_PAGE + 1)
    last = found[PER_PAGE - 1].row.id if len(found) > PER_PAGE else None
    return Listed(findings=[_row(one) for one in found[:PER_PAGE]], last=last)


def _row(found: Finding) -> dict[str, Any]:
    busy = found.made is not None and not found.made.over
    return {**finding_view(found), "busy": busy, "can": found.tenant is not None and not busy and not found.explained}


def _few(points: Sequence[Point]) -> list[Point]:
    """At most a dozen points for the table, the last among them."""
    step = max(1, -(-len(points) // 12))
    return list(points[::-1][::step])


def _links(chosen: dict[str, str], name: str, words: dict[str, str], default: str = "") -> list[tuple[str, str, bool]]:
    """Words, address and whether it is shown, of each choice."""
    kept = {key: value for key, value in chosen.items() if key not in (name, "cursor")}
    present = chosen.get(name, default)
    # The first page has had another word for what it shows first.
    present = "" if present == "unexplained" else present
    return [
        (said, _address({**kept, **({name: value} if value != default else {})}), value == present)
        for value, said in words.items()
    ]


def _address(query: dict[str, str]) -> str:
    return f"{PATH}?{urlencode(query)}" if query else PATH


def _files(chosen: dict[str, str]) -> list[tuple[str, str]]:
    scope: dict[str, str] = {name: chosen[name] for name in ("cluster", "namespace", "tenant") if name in chosen}
    code = {"code": chosen["code"]} if "code" in chosen else {}
    return [
        ("Findings as CSV", f"/posture/findings.csv?{urlencode({**scope, **code})}"),
        ("Workloads as CSV", f"/posture/workloads.csv?{urlencode(scope)}"),
    ]


@blueprint.post("/posture/findings/<number>/<deed>")
def make_ticket(number: str, deed: str) -> Response:
    """Make a ticket of a finding, to keep or to close it, and go to the ticket; a refusal is the page again."""
    sessions.present()
    if deed not in BECOMES or not number.isdecimal():
        raise NotFound("The page of the posture has no such form.")
    made = doing.attempt(
        f"{deed}-{number}", lambda edge: _make(edge.session, int(number[:18]), deed, edge.by, edge.now)
    )
    return page(made) if isinstance(made, Refused) else go(f"/tickets/{made}")


def _make(session: Session, number: int, deed: str, by: Actor, now: datetime) -> str:
    said = sent.load(REASON, {"reason": sent.text(request.form, "reason")})
    terms = Terms(said["reason"], parts().config.shortest_window, becomes=BECOMES[deed])
    return adopting.adopt(session, number, terms, by=by, now=now).ref
