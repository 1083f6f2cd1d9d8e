"""The audit trail as pages: a search over events, and the proof that they are what was written."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, request

from portal.api import paging, trail
from portal.api.context import actor, parts
from portal.audit import SYSTEM_CHAIN
from portal.event_words import TYPES, said_in, words_of
from portal.models import Event
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import render

ASKED = trail.AskedSchema()
SUBJECTS = tuple(dict.fromkeys(one.partition(":")[0] for one in TYPES))
MOST_OF_A_PAYLOAD = 1500


def _chosen() -> dict[str, str]:
    return {name: value.strip() for name, value in request.args.items() if value.strip()}


@blueprint.get("/audit")
def show_trail() -> Response:
    """Show the events that one may see, newest first; the filters are those of the API."""
    if g.web_session is None:
        return sessions.sign_in_first()
    chosen = _chosen()
    asked = sent.load(trail.TRAIL, chosen)
    with parts().database.reading() as session:
        found, more = trail.events_page(session, asked, by=actor())
    search = {name: value for name, value in chosen.items() if name not in ("cursor", "limit")}
    return render(
        "audit.html",
        rows=[_shown(event) for event in found],
        next_page=f"/audit?{urlencode({**chosen, 'cursor': paging.cursor_of(found[-1].id)})}" if more else None,
        chosen=chosen,
        here=f"/audit?{urlencode(chosen)}" if chosen else "/audit",
        search=urlencode(search),
        types=TYPES,
        subjects=SUBJECTS,
        everything=actor().sees_everything,
    )


def _shown(event: Event) -> dict[str, Any]:
    payload = event.payload or {}
    whole = "" if event.payload is None else json.dumps(payload, ensure_ascii=False, indent=1, sort_keys=True)
    return {
        "event": event,
        "words": words_of(event.type),
        "said": said_in(payload),
        "ticket": event.chain if event.chain != SYSTEM_CHAIN else None,
        "payload": whole[:MOST_OF_A_PAYLOAD],
        "cut": len(whole) > MOST_OF_A_PAYLOAD,
    }


@blueprint.get("/audit/verification")
def verify_trail() -> Response:
    """Verify one ticket's chain (`ticket`), or those of the newest tickets, and say what came of it."""
    if g.web_session is None:
        return sessions.sign_in_first()
    asked = sent.load(ASKED, _chosen())
    proof = trail.proof_of(asked, by=actor())
    older = None if proof.older is None else f"/audit/verification?cursor={paging.cursor_of(proof.older)}"
    ticket = asked["ticket"].upper() if "ticket" in asked else None
    return render("verification.html", proof=proof, ticket=ticket, older=older, everything=actor().sees_everything)


@blueprint.get("/audit.csv")
def trail_csv() -> Response:
    """Download what the search finds, all pages of it."""
    sessions.present()
    search = {name: value for name, value in _chosen().items() if name not in ("cursor", "limit")}
    return trail.events_file(sent.load(trail.SEARCH, search))
