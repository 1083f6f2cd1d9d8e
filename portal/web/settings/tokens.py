"""One's own tokens and those of one's services: listed, made (shown once) and revoked."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request

from portal.access.actor import Scope
from portal.access.tokens import Terms, scopes_of
from portal.api.context import actor, parts
from portal.api.credential_schemas import TokensAskedSchema, TokenWantedSchema
from portal.api.idempotency import Edge
from portal.api.tokens import wanted_of
from portal.credentials import tokens
from portal.db import database_now
from portal.durations import words
from portal.errors import NotFound
from portal.models import ApiToken
from portal.web import forms, sent, sessions
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, before_of, chosen, further, here, status_of
from portal.web.settings.frame import settings_page

PATH = "/settings/tokens"
ASKED, WANTED = TokensAskedSchema(), TokenWantedSchema()
UNITS = {"days": "P{}D", "hours": "PT{}H", "minutes": "PT{}M", "weeks": "P{}W"}
"""How long a token works is typed as a number of one of these."""
SCOPES = {
    Scope.READ: "look at what you may see; it goes with each of the others",
    Scope.REQUEST: "ask, comment, end what is your own, and make tokens",
    Scope.DECIDE: "approve, reject, revoke, and leave decisions to others",
    Scope.OPERATE: "what operators do, and services",
}


@blueprint.get(PATH)
def list_own_tokens() -> Response:
    """Show one's tokens, newest first, and the form for another."""
    return sessions.sign_in_first() if g.web_session is None else tokens_page()


@blueprint.post(PATH)
def make_own_token() -> Response:
    """Make a token; the answer shows it, and nothing ever does again."""
    sessions.present()
    made = attempt("make", _make)
    return tokens_page(made) if isinstance(made, Refused) else tokens_page(made=made)


@blueprint.post(f"{PATH}/<number>/revoke")
def revoke_own_token(number: str) -> Response:
    """End a token of one's own at once."""
    sessions.present()
    ended = attempt("revoke", lambda edge: tokens.revoke(edge.session, token_number(number), by=edge.by, now=edge.now))
    return tokens_page(ended) if isinstance(ended, Refused) else back(PATH, "revoked")


def _make(edge: Edge) -> dict[str, Any]:
    return shown_once(tokens.make(edge.session, terms_of_form(), by=edge.by, now=edge.now))


def tokens_page(refused: Refused | None = None, made: dict[str, Any] | None = None) -> Response:
    """The page of one's own tokens; `made` is a token that is shown this once."""
    asked = sent.load(ASKED, {**chosen(), "whose": "mine"})
    status = 201 if made is not None else status_of(refused)
    return settings_page("tokens.html", status, **token_list(PATH, asked), made=made, refused=refused, **for_making())


def token_list(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What a list of tokens at `path` shows, by what TokensAskedSchema loaded; raises Forbidden."""
    with parts().database.reading() as session:
        now, limit = database_now(session), asked["limit"]
        found = tokens.tokens(session, wanted_of(asked), by=actor(), before=before_of(asked), limit=limit + 1)
        rows = [token_row(one) for one in found[:limit]]
    following = further(path, found[limit - 1].id) if len(found) > limit else None
    return {"rows": rows, "now": now, "next_page": following, "chosen": chosen(), "here": here(path)}


def token_row(row: ApiToken) -> dict[str, Any]:
    """A token as a page shows it."""
    same = ("id", "name", "created_at", "expires_at", "last_used_at", "revoked_at")
    shown = {name: getattr(row, name) for name in same}
    return {**shown, "person": row.person.name, "scopes": [one for one in Scope if one in scopes_of(row)]}


def for_making() -> dict[str, Any]:
    """What the form of a new token says."""
    given = request.form.getlist("scopes") if "unit" in request.form else [Scope.READ, Scope.REQUEST]
    return {"scopes": SCOPES, "given": given, "units": list(UNITS), "longest": words(parts().config.token_longest)}


def terms_of_form() -> Terms:
    """The terms that a form asks for; raises Invalid, also for a time that is too long."""
    lifetime = UNITS.get(request.form.get("unit", ""), "{}").format(sent.text(request.form, "number").strip())
    said = {"name": sent.text(request.form, "name"), "scopes": request.form.getlist("scopes"), "lifetime": lifetime}
    terms: Terms = sent.load(WANTED, said)  # type: ignore[assignment]  # the schema makes Terms of it
    tokens.refuse_longer(terms, parts().config.token_longest)
    return terms


def shown_once(made: tokens.Made) -> dict[str, Any]:
    """A new token with what uses it, for the one page that shows it."""
    row, token = made
    command = f"export MESHDESK_URL={forms.own_origin()}\nexport MESHDESK_TOKEN={token}\nmeshdesk me"
    return {**token_row(row), "token": token, "command": command}


def token_number(text: str) -> int:
    """The number of a token as an address has it; raises NotFound for what is none."""
    if not (text.isascii() and text.isdecimal() and len(text) < len(str(2**63))):
        raise NotFound(f"There is no token {text[:30]}.")
    return int(text)
