"""The addresses of asking: the catalogue, a form for each kind, what it would meet, and sending it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from flask import Response, g, request

from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change_once
from portal.api.problems import problem_of
from portal.errors import KeyReused, MeshdeskError, NotFound
from portal.kinds.base import Kind
from portal.kinds.registry import KINDS
from portal.queries import people as people_selects
from portal.queries.asking import Around, own_tenants, spots
from portal.tickets import asking
from portal.web import sessions
from portal.web.asking import page
from portal.web.asking.catalogue import in_order
from portal.web.asking.draft import Draft
from portal.web.asking.field import Typed
from portal.web.asking.verdict import Verdict, refused
from portal.web.blueprint import blueprint
from portal.web.page import go, render

LONGEST_ADDRESS = 3500
"""Servers refuse an address that is much longer than this."""
SENT_ALREADY = (
    "This form was sent before, and a ticket came of it. You have changed it since: send it once more to ask for this "
    "as another ticket."
)


@blueprint.get("/new")
def new() -> Response:
    """Show what can be asked for; whoever has nothing to ask for reads whom to turn to."""
    if g.web_session is None:
        return sessions.sign_in_first()
    with parts().database.reading() as session:
        found: dict[str, Any] = {
            "tenants": [tenant.name for tenant in own_tenants(session, by=actor())],
            "placed": bool(spots(session, Around(), by=actor(), limit=1)),
            "operators": people_selects.operators(session),
        }
    return render("ask_catalogue.html", kinds=in_order(), by=actor(), **found)


@blueprint.get("/new/<kind>")
def ask_form(kind: str) -> Response:
    """Show the form of a kind, filled in as the address says."""
    if g.web_session is None:
        return sessions.sign_in_first()
    before = request.args.get("renews") or request.args.get("from")
    elsewhere = _other_kind(kind, before) if before else None
    return elsewhere or page.show(_kind(kind), Typed(request.args))


def _other_kind(kind: str, ref: str) -> Response | None:
    """On to the form of the kind that a ticket has; None where this is it."""
    with parts().database.reading() as session:
        found = page.ticket(session, ref, by=actor())
        if found is None or found.kind == kind:
            return None
        return go(f"/new/{found.kind}?{request.query_string.decode('latin-1')}")


@blueprint.get("/new/<kind>/preview")
def ask_preview_again(kind: str) -> Response:
    """The address of a checked form, asked for without the form: an empty one."""
    if g.web_session is None:
        return sessions.sign_in_first()
    return go(f"/new/{_kind(kind).name}")


@blueprint.post("/new/<kind>/preview")
def ask_preview(kind: str) -> Response:
    """Show what the request would meet, or go on to another place or other workloads with all that was typed."""
    sessions.present()
    asked, typed = _kind(kind), Typed(request.form)
    step = typed.get("step", "")
    if step in STEPS:
        address = Draft(asked, typed).address(without=STEPS[step])
        if len(address) <= LONGEST_ADDRESS:
            return go(address)
        for name in STEPS[step]:
            typed.poplist(name)
        return page.show(asked, typed)
    return page.check(asked, typed, part="part" in typed)


STEPS: dict[str, tuple[str, ...]] = {"place": ("cluster", "namespace", "workload", "find", "place"), "find": ()}
"""What a button of the form that leads to another look at it leaves out of what was typed."""


@blueprint.post("/new/<kind>")
def ask_send(kind: str) -> Response:
    """Make a ticket of the form, once however often it is sent; a refusal is the form again with all that was typed."""
    sessions.present()
    asked, typed = _kind(kind), Typed(request.form)
    with parts().database.reading() as session:
        draft = page.draft_of(session, asked, typed, by=actor())
        body = draft.body()
    try:
        return go(_submitted(draft, body, typed.get("key", "")))
    except KeyReused:
        typed.poplist("key")
        return page.refuse(asked, typed, Verdict(refusal=SENT_ALREADY), 409)
    except MeshdeskError as error:
        return page.refuse(asked, typed, refused(draft, error), problem_of(error).status)


def _submitted(draft: Draft, body: dict[str, Any], key: str) -> str:
    """The address of the ticket."""
    shortest = parts().config.shortest_window

    def effect(edge: Edge) -> Response:
        ticket = asking.submit(edge.session, draft.ask(), by=edge.by, now=edge.now, shortest=shortest)
        return go(f"/tickets/{ticket.ref}")

    answer = change_once(effect, key=f"form:{key or uuid4().hex}", said=json.dumps(body, sort_keys=True))
    return answer.headers["Location"]


def _kind(name: str) -> Kind[Any]:
    if name not in KINDS:
        raise NotFound("There is no such thing to ask for: the page Ask shows what there is.")
    return KINDS[name]
