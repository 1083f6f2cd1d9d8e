"""The inbox: what waits for one person, oldest first, and beside it the whole case of one, to be decided there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request
from marshmallow import fields
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.api.schema_base import NAME, Input
from portal.api.views import one_view, ticket_views
from portal.db import database_now
from portal.errors import NotFound
from portal.kinds.registry import KINDS
from portal.tickets import due
from portal.tickets.moving import number_of
from portal.web import sent, sessions
from portal.web.acting import do
from portal.web.blueprint import blueprint
from portal.web.deciding import decide_ticked
from portal.web.headline import headline
from portal.web.looks import look
from portal.web.page import go, render
from portal.web.risks import risks
from portal.web.sheet import Refusal, read, sheet

MOST = 50
EVERY = 10
FILTERS = ("tenant", "kind", "cluster")
STAYS = frozenset({"comment", "preflight", "nudge", "take"})
"""Deeds after which the same ticket still waits for the person."""


class InboxSchema(Input):
    """What the address of the inbox says: filters, which ticket is shown, and which one was just dealt with."""

    tenant = fields.String(validate=NAME)
    kind = fields.String(validate=NAME)
    cluster = fields.String(validate=NAME)
    ticket = fields.String(validate=NAME)
    done = fields.String(validate=NAME)


ASKED = InboxSchema()


@blueprint.get("/inbox")
def inbox() -> Response:
    """Show what waits for whoever is signed in; raises Invalid for filters that are none."""
    if g.web_session is None:
        return sessions.sign_in_first()
    return inbox_page(_asked())


@blueprint.post("/inbox/<ref>/<deed>")
def act_in_inbox(ref: str, deed: str) -> Response:
    """Do what the ticket's page does, and go on to the next that waits; a refusal is the inbox again."""
    number, chosen = number_of(ref), _asked()
    refused = do(number, deed)
    if refused is not None:
        return inbox_page({**chosen, "ticket": f"MD-{number}"}, *refused)
    return go(_address(chosen, **{"ticket" if deed in STAYS else "done": f"MD-{number}"}))


@blueprint.post("/inbox/decisions")
def decide_in_inbox() -> Response:
    """Approve or reject the tickets that were ticked, as they were when the inbox was made."""
    became, status = decide_ticked()
    return inbox_page(_asked(), None, status, **became)


def _asked() -> dict[str, str]:
    # A form sends the fields that nobody filled in too.
    return sent.load(ASKED, {name: value for name, value in request.args.items() if value})


def _address(asked: dict[str, str], **more: str) -> str:
    query = {**{name: asked[name] for name in FILTERS if name in asked}, **more}
    return f"/inbox?{urlencode(query)}" if query else "/inbox"


def inbox_page(asked: dict[str, str], refusal: Refusal | None = None, status: int = 200, **more: Any) -> Response:
    """The inbox by these filters; raises NotFound where the chosen ticket does not exist for the person."""
    by = actor()
    wanted = queries.TicketFilter(tenant=asked.get("tenant"), kind=asked.get("kind"), cluster=asked.get("cluster"))
    with parts().database.reading() as session:
        now = database_now(session)
        items, has_more = due.waiting(session, wanted, by=by, now=now, limit=MOST)
        chosen = _chosen([item.ticket.id for item in items], asked)
        shown = {} if chosen is None else sheet(session, read(session, chosen, by), by=by, now=now, refusal=refusal)
        views = ticket_views(session, [item.ticket for item in items])
        rows = [_row(view, item, asked, look(view, now)) for view, item in zip(views, items, strict=True)]
        done = _done(session, asked.get("done"), by)
        marks = risks(shown["ticket"], due.due_of(session, shown["row"], by=by, now=now)) if shown else []
    ref = None if chosen is None else f"MD-{chosen}"
    return render(
        "inbox.html",
        status,
        **{"now": now, **shown, **more},
        rows=rows,
        risks=marks,
        has_more=has_more,
        done=done,
        chosen=ref,
        dues={row["ref"]: row["due"] for row in rows},
        picked=bool({"ticket", "done"} & asked.keys()),
        asked=asked,
        kinds=KINDS,
        every=EVERY,
        base="/inbox",
        query=_address(asked).removeprefix("/inbox"),
        live=_address(asked, **({} if ref is None else {"ticket": ref})),
        whole=_address(asked),
    )


def _chosen(numbers: list[int], asked: dict[str, str]) -> int | None:
    """The ticket to show: the one that the address names, else the next after what was just done, else the oldest."""
    if "ticket" in asked:
        return number_of(asked["ticket"])
    done = number_of(asked["done"]) if "done" in asked else 0
    return next((one for one in numbers if one > done), next(iter(numbers), None))


def _row(view: dict[str, Any], item: due.Item, asked: dict[str, str], seen: Any) -> dict[str, Any]:
    return {
        "ref": view["ref"],
        "view": view,
        "look": seen,
        "due": item.due,
        "since": view["waiting"]["since"] if view["waiting"] else view["updated_at"],
        "headline": headline(view["kind"], view["fields_"]),
        "risks": risks(view, item.due),
        "address": _address(asked, ticket=view["ref"]),
        "ticked": item.due is due.Due.DECIDE,
    }


def _done(session: Session, ref: str | None, by: Actor) -> tuple[str, str] | None:
    """The ticket that the person has just dealt with, and what became of it, from its row and not from the address."""
    if ref is None:
        return None
    try:
        view = one_view(session, number_of(ref), by=by)
    except NotFound:
        return None
    mine = [one["decision"] for one in view["decisions"] if one["who"] == by.name and not one["void"]]
    told = {"approve": "you approved it.", "reject": "you rejected it."}.get(mine[-1] if mine else "", "")
    return view["ref"], " ".join(filter(None, [told, view["next"]]))
