"""Making tickets of what posture found, as an operator: one, or many after a look at what would be made."""

from __future__ import annotations

from typing import Any

from flask import Response

from portal.api import answers
from portal.api.answering import answer, changed
from portal.api.context import actor, parts
from portal.api.deliveries import delivery_number
from portal.api.idempotency import Edge, change, change_many
from portal.api.posture import scope_of
from portal.api.posture_schemas import AdoptionsMadeSchema, AdoptionsSchema, AdoptSchema
from portal.api.posture_views import finding_view
from portal.api.schemas import ReasonSchema
from portal.api.smorest import Blueprint
from portal.db import database_now
from portal.errors import MeshdeskError
from portal.queries import posture
from portal.queries.posture import Finding, Wanted
from portal.states import Adopts
from portal.tickets import adopting
from portal.tickets.adopting import Plan, Terms

blueprint = Blueprint("adopting", "Make tickets of what posture found.")
MADE, TICKET = AdoptionsMadeSchema(), answers.TicketSchema()
# So that a request is answered in time however much is open; `more` says that another one is needed.
AT_ONCE = 50


@blueprint.route("/posture/findings/<number>/adopt", methods=["POST"])
@blueprint.arguments(AdoptSchema())
@blueprint.response(201, TICKET)
def adopt(said: dict[str, Any], number: str) -> Response:
    """Make a ticket of a finding for its tenant, who answers for it and decides on it like on any other."""
    return _one(number, terms_of(said))


@blueprint.route("/posture/findings/<number>/revert", methods=["POST"])
@blueprint.arguments(ReasonSchema())
@blueprint.response(201, TICKET)
def revert(said: dict[str, Any], number: str) -> Response:
    """Have a finding closed by a ticket that nobody has to approve; its tenant is told."""
    return _one(number, terms_of({**said, "becomes": Adopts.CLOSE}))


def _one(number: str, terms: Terms) -> Response:
    wanted = delivery_number(number)

    def effect(edge: Edge) -> Response:
        return changed(edge, adopting.adopt(edge.session, wanted, terms, by=edge.by, now=edge.now), 201)

    return change(effect)


def terms_of(said: dict[str, Any]) -> Terms:
    """What an operator says of findings."""
    shortest = parts().config.shortest_window
    return Terms(said["reason"], shortest, said.get("duration"), said.get("becomes", Adopts.KEEP))


@blueprint.route("/posture/adoptions", methods=["POST"])
@blueprint.arguments(AdoptionsSchema())
@blueprint.response(200, MADE)
def adopt_many(said: dict[str, Any]) -> Response:
    """Say which tickets would be made of findings that none explains; with `dry_run` false make at most 50."""
    return change_many(lambda: answer(MADE, adopted(said)))


def adopted(said: dict[str, Any]) -> dict[str, Any]:
    """What AdoptionsMadeSchema shows of adoptions, made or tried as AdoptionsSchema loads them."""
    terms = terms_of(said)
    adopting.may(actor(), terms.becomes)
    with parts().database.reading() as session:
        # What has a ticket by now is left out, so that the same sent again goes on with the rest.
        wanted = Wanted(scope_of(said), said["code"], explained=False, unmade=True)
        found = posture.findings(session, wanted, by=actor(), after=None, limit=posture.MOST)
        plans = [(one, adopting.plan(session, one.row, terms, by=actor())) for one in found]
    more = len(found) == posture.MOST
    able = [pair for pair in plans if pair[1].ask is not None]
    if said["dry_run"]:
        return {"dry_run": True, "items": [_view(*pair) for pair in plans], "more": more}
    hindered = [_view(one, plan) for one, plan in plans if plan.ask is None]
    # A transaction for each: one that changed meanwhile takes none of the others with it.
    made = [_make(one, terms) for one, _ in able[:AT_ONCE]]
    return {"dry_run": False, "items": [*made, *hindered], "more": more or len(able) > AT_ONCE}


def _make(found: Finding, terms: Terms) -> dict[str, Any]:
    try:
        with parts().database.unit_of_work() as session:
            ticket = adopting.adopt(session, found.row.id, terms, by=actor(), now=database_now(session))
            shown = {"kind": ticket.kind, "fields": ticket.fields, "ref": ticket.ref, "why_not": None}
    except MeshdeskError as error:
        return _view(found, Plan(found.row, why_not=error.sentence))
    return {"finding": finding_view(found), **shown}


def _view(found: Finding, plan: Plan) -> dict[str, Any]:
    ask = plan.ask
    kind, fields = (None, None) if ask is None else (ask.kind, ask.fields)
    return {"finding": finding_view(found), "kind": kind, "fields": fields, "ref": plan.ref, "why_not": plan.why_not}
