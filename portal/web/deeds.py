"""What people do to a ticket by the forms of its page: the verbs of the API, one line each in DEEDS.

What a form says is read by the schema of the API; whether the deed is allowed, the verb alone decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema

from portal import queries
from portal.access.rights import Action
from portal.api import calling, decision_schemas, schemas
from portal.api.decisions import verdict_of
from portal.api.idempotency import Edge
from portal.errors import Stale
from portal.tickets import (
    awaiting,
    breaking_glass,
    deciding,
    ending,
    fulfilling,
    questions,
    recertifying,
    rerouting,
    talking,
)
from portal.web import sent
from portal.web.granting import Form, grant_of

Run = Callable[[Edge, int, Form], Any]
REASON, COMMENT, ANSWER = schemas.ReasonSchema(), schemas.CommentSchema(), schemas.AnswerSchema()
NOTE, REVIEW, DECISION = calling.NoteSchema(), calling.ReviewSchema(), decision_schemas.DecisionSchema()


@dataclass(frozen=True)
class Deed:
    """One deed: the right that it takes (None: whom the rule asks), how a form is done, and the words of the form.

    `field` is the text that it asks for (None: none), `ends` says that an open window is taken back by it.
    """

    action: Action | None
    run: Run
    title: str
    button: str
    field: str | None = None
    label: str = ""
    ends: bool = False


def _words(verb: Callable[..., Any], schema: Schema, field: str) -> Run:
    def run(edge: Edge, number: int, form: Form) -> None:
        said = sent.load(schema, {field: sent.text(form, field)})
        verb(edge.session, number, **said, by=edge.by, now=edge.now)

    return run


def _plain(verb: Callable[..., Any]) -> Run:
    return lambda edge, number, _: verb(edge.session, number, by=edge.by, now=edge.now)


def verdict(decision: str, form: Form, version: str, grant: dict[str, Any] | None = None) -> deciding.Verdict:
    """A word on the version that the form was made for; raises Invalid, and Stale where it names none."""
    said: dict[str, Any] = {"decision": decision, "note": sent.text(form, "note").strip()}
    if decision == "approve":
        said |= {"conditions": sent.lines(form, "conditions")} | ({} if grant is None else {"grant": grant})
    elif form.get("template"):
        said["template"] = sent.text(form, "template")
    if not version.isascii() or not version.isdecimal() or len(version) > len("999999999"):
        raise Stale("The form does not say which version of the ticket it is about: load the page anew.")
    return verdict_of(sent.load(DECISION, said), int(version))


def _decide(decision: str) -> Run:
    def run(edge: Edge, number: int, form: Form) -> None:
        less = _less(edge, number, form) if decision == "approve" else None
        word = verdict(decision, form, form.get("version", ""), less)
        deciding.decide(edge.session, number, word, by=edge.by, now=edge.now)

    return run


def _less(edge: Edge, number: int, form: Form) -> dict[str, Any] | None:
    ticket = queries.ticket(edge.session, number, by=edge.by)
    return grant_of(form, ticket.kind, ticket.fields)


def _review(edge: Edge, number: int, form: Form) -> None:
    justified = {"yes": True, "no": False}.get(form.get("justified", ""))
    told = {} if justified is None else {"justified": justified}
    said = sent.load(REVIEW, {**told, "note": sent.text(form, "note")})
    breaking_glass.review(edge.session, number, breaking_glass.Review(**said), by=edge.by, now=edge.now)


DEEDS: dict[str, Deed] = {
    "approve": Deed(None, _decide("approve"), "Decide", "Approve", "note"),
    "reject": Deed(None, _decide("reject"), "Decide", "Reject", "note"),
    "answer": Deed(
        Action.ANSWER, _words(questions.answer, COMMENT, "text"), "Answer the question", "Answer", "text", "Your answer"
    ),
    "review": Deed(Action.REVIEW, _review, "Review the broken glass", "Say so", "note", "Why; the tenant reads it"),
    "recertify": Deed(
        Action.RECERTIFY,
        _words(recertifying.recertify, NOTE, "note"),
        "Let it stay open",
        "It may stay open",
        "note",
        "Why it may",
    ),
    "take": Deed(Action.FULFIL, _plain(fulfilling.take), "Work on it", "Take it"),
    "fulfil": Deed(
        Action.FULFIL, _words(fulfilling.fulfil, ANSWER, "answer"), "Fulfil it", "It is done", "answer", "What was done"
    ),
    "decline": Deed(
        Action.FULFIL,
        _words(fulfilling.decline, ANSWER, "answer"),
        "Decline it",
        "Decline",
        "answer",
        "Why, and with what to ask again",
    ),
    "question": Deed(
        Action.QUESTION,
        _words(questions.question, COMMENT, "text"),
        "Ask the requester",
        "Ask, and hold the ticket until it is answered",
        "text",
        "Your question",
    ),
    "release": Deed(
        Action.RELEASE,
        _words(ending.release, REASON, "reason"),
        "Release it early",
        "Release now",
        "reason",
        "Why it is needed no longer",
        ends=True,
    ),
    "withdraw": Deed(
        Action.WITHDRAW, _words(ending.withdraw, REASON, "reason"), "Withdraw it", "Withdraw", "reason", "Why"
    ),
    "nudge": Deed(Action.NUDGE, _plain(awaiting.nudge), "Remind who decides", "Send the reminder, once a day"),
    "preflight": Deed(Action.PREFLIGHT, _plain(deciding.ask_preflight), "Look again", "Run the preflight again"),
    "reroute": Deed(
        Action.REROUTE,
        _words(rerouting.reroute, REASON, "reason"),
        "Route it again",
        "Route it by the policy in force",
        "reason",
        "Why; approvals that were given stay",
    ),
    "retry": Deed(Action.RETRY, _plain(ending.retry), "Try again", "Try again now"),
    "reapply": Deed(Action.REAPPLY, _plain(ending.reapply), "Write it again", "Write again what was removed"),
    "break-glass": Deed(
        Action.BREAK_GLASS,
        _words(breaking_glass.break_glass, REASON, "reason"),
        "Emergency: break the glass",
        "Break the glass: begin without a decision",
        "reason",
        "What the emergency is. Everybody who decides is told at once, and it is reviewed afterwards",
    ),
    "revoke": Deed(
        Action.REVOKE, _words(ending.revoke, REASON, "reason"), "Revoke it", "Revoke now", "reason", "Why", ends=True
    ),
    "comment": Deed(
        Action.COMMENT,
        _words(talking.comment, COMMENT, "text"),
        "Comment",
        "Comment",
        "text",
        "Your comment; @name tells somebody who sees the ticket",
    ),
}
"""By the last part of the address; the page shows them in this order."""
