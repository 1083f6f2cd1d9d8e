"""Deciding on several tickets from the list: each is a decision of its own, and the list says what became of each."""

from __future__ import annotations

from flask import Response, request

from portal.api.context import actor, parts
from portal.api.decision_schemas import AT_ONCE
from portal.api.problems import UNAVAILABLE, problem_of
from portal.db import database_now
from portal.errors import Invalid, MeshdeskError
from portal.tickets import deciding
from portal.tickets.moving import number_of
from portal.web import sessions
from portal.web.blueprint import blueprint
from portal.web.deeds import verdict
from portal.web.sent import sentence_of
from portal.web.tickets import list_page

DECISIONS = ("approve", "reject")


@blueprint.post("/tickets/decisions")
def decide_several() -> Response:
    """Approve or reject the tickets that were ticked, as they were when the list was made."""
    sessions.present()
    decision, ticked = request.form.get("decision", ""), request.form.getlist("ticket")
    if decision not in DECISIONS:
        raise Invalid({"decision": ["Say approve or reject."]})
    if len(ticked) > AT_ONCE:
        raise Invalid({"ticket": [f"Decide on at most {AT_ONCE} tickets at once."]})
    became = [(one.partition(":")[0][:30], _decide(decision, one)) for one in dict.fromkeys(ticked)]
    done = [ref for ref, sentence in became if sentence is None]
    refused = [(ref, sentence) for ref, sentence in became if sentence is not None]
    if not became:
        refused = [("", "No ticket was ticked, so nothing was decided.")]
    status = 409 if refused and not done else 200
    more = {"decided": done, "refused": refused, "decision": decision, "note": request.form.get("note", "")}
    return list_page({"waiting_for": "me"}, status, **more)


def _decide(decision: str, ticked: str) -> str | None:
    """Why one decision was refused; None where it was made."""
    ref, _, version = ticked.partition(":")
    try:
        word = verdict(decision, request.form, version)
        with parts().database.unit_of_work() as session:
            deciding.decide(session, number_of(ref), word, by=actor(), now=database_now(session))
    except MeshdeskError as error:
        return sentence_of(error)
    except UNAVAILABLE as error:
        # What was decided before stays decided, so the list has to say so.
        return problem_of(error).detail
    return None
