"""How far the mesh encrypts what one may see, and whether live tickets explain the rest.

Where workers read the posture, its page is posture_findings.py's; before that it is what the inventory says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request
from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.api.schema_base import NAME, Input
from portal.db import database_now
from portal.mesh.holes import Code
from portal.models import Cluster
from portal.queries import encryption
from portal.queries.encryption import Key, Line, Scope, together
from portal.queries.posture_trend import SPANS
from portal.web import posture_findings, sent, sessions
from portal.web.blueprint import blueprint
from portal.web.freshness import freshness
from portal.web.page import render
from portal.web.workload_list import PER_PAGE, asked_for, groups, key_of, key_text

MOST_OPEN = 5_000
"""More than these are not looked through at once: filters narrow them."""
MOST_PLACES = 30
MORE = ("explained", "leftovers")
"""What can be chosen of a posture that was read, besides."""
SHOWS = {"": "Not encrypted in whole", "unexplained": "Without a ticket", "all": "All workloads"}


class PostureSchema(Input):
    """Whose workloads, which of them, after which, and of a posture that was read its sort, trend and page."""

    cluster = fields.String(load_default=None, validate=NAME)
    namespace = fields.String(load_default=None, validate=NAME)
    tenant = fields.String(load_default=None, validate=NAME)
    show = fields.String(load_default="", validate=validate.OneOf([*SHOWS, *MORE]))
    after = fields.String(load_default=None, validate=validate.Length(max=1100))
    code = fields.String(load_default=None, validate=validate.OneOf(list(Code)))
    span = fields.String(load_default="day", validate=validate.OneOf(list(SPANS)))
    cursor = fields.String(load_default=None)
    done = fields.String(load_default=None)


POSTURE = PostureSchema()


@dataclass(frozen=True)
class Found:
    """The lines of a page, whether there are more, how many lines of the scope are open and unexplained, and whether
    that was too many to count."""

    lines: Sequence[Line]
    more: bool
    open: int
    unexplained: int
    cut: bool


@blueprint.get("/posture")
def posture() -> Response:
    """Show how far what one may see is encrypted; filters are in the address."""
    if g.web_session is None:
        return sessions.sign_in_first()
    chosen = {name: value for name, value in request.args.items() if value}
    asked = sent.load(POSTURE, chosen)
    scope = Scope(asked["cluster"], asked["namespace"], asked["tenant"])
    if posture_findings.was_read(scope):
        return posture_findings.page()
    with parts().database.reading() as session:
        by, now = actor(), database_now(session)
        places = encryption.tallies(session, scope, by=by)
        found = _found(session, scope, asked["show"], key_of(asked["after"]), by)
        shown: dict[str, Any] = {
            "tallies": places,
            "asks_for": asked_for(session, by),
            "views": freshness(session, {one.cluster for one in places}, now).values(),
            "groups": groups(session, found.lines, _consoles(session, found.lines)),
        }
    after = {**chosen, "after": key_text(found.lines[-1].key)} if found.more else None
    return render(
        "posture.html",
        total=together(places),
        found=found,
        chosen=chosen,
        now=now,
        by=by,
        shows=_shows(chosen),
        most=MOST_PLACES,
        next_page=None if after is None else _address(after),
        **shown,
    )


def _found(session: Session, scope: Scope, show: str, after: Key | None, by: Actor) -> Found:
    open_ = encryption.open_lines(session, scope, by=by, limit=MOST_OPEN)
    unexplained = [one for one in open_ if one.unexplained is not None]
    if show == "all":
        listed = encryption.lines(session, scope, by=by, after=after, limit=PER_PAGE + 1)
    else:
        wanted = unexplained if show else open_
        listed = [one for one in wanted if after is None or one.key > after][: PER_PAGE + 1]
    more = len(listed) > PER_PAGE
    return Found(listed[:PER_PAGE], more, len(open_), len(unexplained), cut=len(open_) >= MOST_OPEN)


def _consoles(session: Session, lines: Sequence[Line]) -> dict[str, str | None]:
    names = {one.cluster for one in lines}
    return {one.name: one.console for one in session.scalars(select(Cluster).where(Cluster.name.in_(names)))}


def _address(query: Mapping[str, str]) -> str:
    return f"/posture?{urlencode(query)}" if query else "/posture"


def _shows(chosen: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """Name, address and whether it is shown, of each choice of lines."""
    kept: dict[str, Any] = {name: value for name, value in chosen.items() if name not in ("show", "after")}
    present = chosen.get("show", "")
    return [
        (title, _address({**kept, **({"show": name} if name else {})}), name == present)
        for name, title in SHOWS.items()
    ]
