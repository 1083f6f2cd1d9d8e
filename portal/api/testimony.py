"""What is known of a ticket: its events, the evidence that workers attached, and what people said."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from portal import queries
from portal.api import paging, schemas, testimony_schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.idempotency import Edge, change
from portal.api.smorest import Blueprint
from portal.api.views import before_view
from portal.errors import NotFound, NotReady
from portal.kinds.job_completion import JobCompletion
from portal.kinds.registry import kind_named
from portal.mesh.job_downloads import commented
from portal.models import Ticket
from portal.tickets import talking
from portal.tickets.manifests import manifests_of
from portal.tickets.moving import number_of

blueprint = Blueprint("testimony", "Events, evidence and comments of a ticket.")
EVENTS, EVIDENCE = testimony_schemas.EventPageSchema(), testimony_schemas.EvidenceListSchema()
COMMENTS, COMMENT = testimony_schemas.CommentListSchema(), testimony_schemas.CommentMadeSchema()
MANIFESTS, HISTORY = testimony_schemas.ManifestListSchema(), testimony_schemas.HistorySchema()
YAML = "application/yaml"


def _visible(session: Session, ref: str) -> Ticket:
    return queries.ticket(session, number_of(ref), by=actor())


@blueprint.route("/tickets/<ref>/events")
@blueprint.arguments(schemas.StorySchema(), location="query")
@blueprint.response(200, EVENTS)
def events(asked: dict[str, Any], ref: str) -> Response:
    """Tell a ticket's whole story, oldest first; each event is chained to the one before by its hash."""
    after = paging.number_of(asked["cursor"]) if asked["cursor"] else 0
    with parts().database.reading() as session:
        ticket = _visible(session, ref)
        found = queries.events(session, ticket.ref, after=after, limit=asked["limit"] + 1)
        shown = found[: asked["limit"]]
        response = answer(EVENTS, {"items": shown})
    response.headers.update(paging.next_link(shown[-1].number) if len(found) > len(shown) else {})
    return response


@blueprint.route("/tickets/<ref>/evidence")
@blueprint.response(200, EVIDENCE)
def evidence(ref: str) -> Response:
    """Show what workers saw: preflights, the pods before, what was applied and what was undone."""
    with parts().database.reading() as session:
        return answer(EVIDENCE, {"items": queries.evidence(session, _visible(session, ref).id)})


@blueprint.route("/tickets/<ref>/manifests")
@blueprint.response(200, MANIFESTS)
def manifests(ref: str) -> Response:
    """Give the corrected manifests of Jobs and CronJobs, as the last preflight made them; other kinds have none."""
    return answer(MANIFESTS, {"items": _manifests(ref)})


@blueprint.route("/tickets/<ref>/manifests/<name>")
@blueprint.response(200, {"type": "string"}, content_type=YAML, description="The file, its notes as comments.")
def manifest(ref: str, name: str) -> Response:
    """Download one of the corrected manifests by its file name, like `cronjob-report.yaml`."""
    return manifest_file(ref, name)


def manifest_file(ref: str, name: str) -> Response:
    """One manifest as a file to download; raises NotFound and NotReady."""
    found = {one["name"]: one for one in _manifests(ref)}
    if name not in found:
        listed = ", ".join(found) or "none"
        raise NotFound(f"{ref} has no manifest {name}; it has {listed}.")
    response = Response(commented(found[name]["workload"], found[name]), content_type=YAML)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _manifests(ref: str) -> list[dict[str, Any]]:
    with parts().database.reading() as session:
        ticket = _visible(session, ref)
        found = manifests_of(session, ticket)
        if found is None and isinstance(kind_named(ticket.kind), JobCompletion):
            raise NotReady(f"The preflight of {ticket.ref} has not run yet: it makes the manifests, in a few seconds.")
        return found or []


@blueprint.route("/tickets/<ref>/comments")
@blueprint.response(200, COMMENTS)
def comments(ref: str) -> Response:
    """Show what people said on a ticket, oldest first."""
    with parts().database.reading() as session:
        return answer(COMMENTS, {"items": queries.comments(session, _visible(session, ref).id)})


@blueprint.route("/tickets/<ref>/comments", methods=["POST"])
@blueprint.arguments(schemas.CommentSchema())
@blueprint.response(201, COMMENT)
def comment(said: dict[str, Any], ref: str) -> Response:
    """Say something on a ticket."""
    number = number_of(ref)

    def effect(edge: Edge) -> Response:
        made = talking.comment(edge.session, number, text=said["text"], by=edge.by, now=edge.now)
        edge.session.flush()
        return answer(COMMENT, queries.comments(edge.session, made.ticket_id)[-1], 201)

    return change(effect)


@blueprint.route("/tickets/<ref>/history")
@blueprint.response(200, HISTORY)
def history(ref: str) -> Response:
    """Show what was asked before: the same, or of the same kind on some of the same targets, newest first."""
    with parts().database.reading() as session:
        ticket = _visible(session, ref)
        items = [before_view(one, ticket) for one in queries.history(session, ticket)]
        return answer(HISTORY, {"items": items})
