"""The audit trail: events of all that you may see, and whether they are still what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api import paging, schemas, testimony_schemas
from portal.api.answering import answer
from portal.api.context import actor, parts
from portal.api.csv_file import MOST_ROWS, csv_response
from portal.api.schema_base import NAME, Input, Instant, Moment, Output
from portal.api.smorest import Blueprint
from portal.audit import canonical
from portal.db import Database
from portal.event_words import types_of, words_of
from portal.models import Event
from portal.queries import trail
from portal.tickets import proving
from portal.tickets.moving import number_of

blueprint = Blueprint("audit", "The audit trail.")
BATCH = 1000
HEAD = ("at", "chain", "number", "type", "words", "actor", "payload", "payload_digest", "previous", "hash")


class SearchSchema(Input):
    """Which events."""

    ticket = fields.String(validate=NAME, metadata={"description": "A reference, like MD-142."})
    person = fields.String(validate=NAME, metadata={"description": "Who did it, by sign-in name."})
    type = fields.String(
        validate=NAME, metadata={"description": "`decision:approve`, or `decision` for all of that subject."}
    )
    tenant = fields.String(validate=NAME)
    from_ = Moment(data_key="from", metadata={"description": "Since then: a day (UTC) or RFC 3339."})
    until = Moment(whole_day=True, metadata={"description": "Until then, such a day included."})


class TrailSchema(schemas.PageSchema, SearchSchema):
    """Which page of which events."""


class TrailEventSchema(testimony_schemas.EventSchema):
    """One event with the chain that it is of."""

    chain = fields.String(metadata={"description": "The ticket's reference, or `system`."})
    words = fields.Function(lambda event: words_of(event.type), metadata={"type": "string"})


class TrailPageSchema(Output):
    """A page of events, newest first; the Link header leads to the next."""

    items = fields.List(fields.Nested(TrailEventSchema))


class AskedSchema(Input):
    """What to verify."""

    ticket = fields.String(validate=NAME, metadata={"description": "Left out: the newest tickets, for operators."})
    cursor = fields.String(metadata={"description": "From the Link header: the tickets before those."})


class FaultSchema(Output):
    """One thing that is wrong."""

    chain = fields.String()
    number = fields.Integer()
    sentence = fields.String()


class SealSchema(Output):
    """The newest checkpoint."""

    number = fields.Integer()
    hash = fields.String()
    at = Instant()


class ProofSchema(Output):
    """What was verified at once; the Link header leads to older tickets where there are some."""

    chains = fields.Integer()
    events = fields.Integer()
    faults = fields.List(fields.Nested(FaultSchema))
    seal = fields.Nested(SealSchema, allow_none=True)


PAGE, PROOF, TRAIL, SEARCH = TrailPageSchema(), ProofSchema(), TrailSchema(), SearchSchema()


def events_page(session: Session, asked: dict[str, Any], *, by: Actor) -> tuple[Sequence[Event], bool]:
    """The page of events that a query means (as TrailSchema loads it), and whether there are more.

    Raises NotFound for a ticket that does not exist for the actor.
    """
    below = paging.number_of(asked["cursor"]) if asked["cursor"] else None
    found = trail.found(session, _filter(session, asked, by), by=by, below=below, limit=asked["limit"])
    return found[: asked["limit"]], len(found) > asked["limit"]


def proof_of(asked: dict[str, Any], *, by: Actor) -> proving.Proof:
    """What AskedSchema asks to be verified; raises NotFound, Forbidden."""
    with parts().database.reading() as session:
        if "ticket" in asked:
            return proving.prove_ticket(session, number_of(asked["ticket"]), by=by)
        below = paging.number_of(asked["cursor"]) if "cursor" in asked else None
        return proving.prove_newest(session, by=by, below=below)


def events_file(asked: dict[str, Any]) -> Response:
    """The events that a search finds (as SearchSchema loads it), newest first, at most MOST_ROWS of them."""
    with parts().database.reading() as session:
        wanted = _filter(session, asked, actor())
    return csv_response("audit.csv", HEAD, _rows(parts().database, wanted, actor()))


def _filter(session: Session, asked: dict[str, Any], by: Actor) -> trail.EventFilter:
    chain = None
    if "ticket" in asked:
        chain = queries.ticket(session, number_of(asked["ticket"]), by=by).ref
    return trail.EventFilter(
        chain=chain,
        person=asked.get("person"),
        types=types_of(asked["type"]) if "type" in asked else (),
        since=asked.get("from_"),
        before=asked.get("until"),
        tenant=asked.get("tenant"),
    )


def _rows(database: Database, wanted: trail.EventFilter, by: Actor) -> Iterator[Sequence[Any]]:
    # It runs while the answer is sent, when there is no request any more; each batch is a read of its own.
    below, sent = None, 0
    while sent < MOST_ROWS:
        with database.reading() as session:
            found = trail.found(session, wanted, by=by, below=below, limit=BATCH)[:BATCH]
        yield from map(_row, found)
        if len(found) < BATCH:
            return
        below, sent = found[-1].id, sent + len(found)


def _row(event: Event) -> Sequence[Any]:
    payload = "" if event.payload is None else canonical(event.payload).decode()
    same = ("payload_digest", "previous", "hash")
    words = words_of(event.type)
    told = (event.happened_at, event.chain, event.number, event.type, words, event.actor, payload)
    return (*told, *(getattr(event, name) for name in same))


@blueprint.route("/audit/events")
@blueprint.arguments(TRAIL, location="query")
@blueprint.response(200, PAGE)
def list_events(asked: dict[str, Any]) -> Response:
    """List events, newest first: of the tickets that you may see; operators and auditors see all."""
    with parts().database.reading() as session:
        found, more = events_page(session, asked, by=actor())
        response = answer(PAGE, {"items": found})
    response.headers.update(paging.next_link(found[-1].id) if more else {})
    return response


@blueprint.route("/audit/events.csv")
@blueprint.arguments(SEARCH, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv", description="A head, and a line an event.")
def events_csv(asked: dict[str, Any]) -> Response:
    """Download them, newest first, at most 100,000."""
    return events_file(asked)


@blueprint.route("/audit/verification")
@blueprint.arguments(AskedSchema(), location="query")
@blueprint.response(200, PROOF)
def verify(asked: dict[str, Any]) -> Response:
    """Verify a ticket's chain; or, as an operator or auditor, those of the newest tickets, within two seconds."""
    proof = proof_of(asked, by=actor())
    response = answer(PROOF, proof)
    response.headers.update(paging.next_link(proof.older) if proof.older is not None else {})
    return response
