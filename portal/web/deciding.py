"""Deciding on several tickets at once, from the list or the inbox: each by itself, and the page says what became."""

from __future__ import annotations

from typing import Any

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
    became, status = decide_ticked()
    return list_page({"waiting_for": "me"}, status, **became)


def decide_ticked() -> tuple[dict[str, Any], int]:
    """Decide on what the form of the present request has ticked: what became of each for the page, and its status.

    Raises SignInNeeded, and Invalid for a form that is none.
    """
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
    told = {"decided": done, "refused": refused, "decision": decision, "note": request.form.get("note", "")}
    return told, 409 if refused and not done else 200


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
        # What was decided before stays decided, so the page has to say so.
        return problem_of(error).detail
    return None
