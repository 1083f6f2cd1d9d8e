"""The tokens of everybody: whose, for what, when last used; operators revoke any."""

from __future__ import annotations

from flask import Response, g

from portal.access.rights import RIGHTS, Action
from portal.api.context import actor
from portal.credentials import tokens
from portal.web import sent, sessions
from portal.web.admin.frame import admin_page, admit
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, chosen, status_of
from portal.web.settings.tokens import ASKED, token_list, token_number

PATH = "/admin/tokens"


@blueprint.get(PATH)
def list_all_tokens() -> Response:
    """Show a page of everybody's tokens, newest first."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    return _page()


@blueprint.post(f"{PATH}/<number>/revoke")
def revoke_any_token(number: str) -> Response:
    """End anybody's token at once."""
    admit()
    ended = attempt("revoke", lambda edge: tokens.revoke(edge.session, token_number(number), by=edge.by, now=edge.now))
    return _page(ended) if isinstance(ended, Refused) else back(PATH, "revoked")


def _page(refused: Refused | None = None) -> Response:
    asked = sent.load(ASKED, {**chosen(), "whose": "everybody"})
    revokes = bool(actor().platform_roles & RIGHTS[Action.REVOKE_TOKENS].roles)
    return admin_page(
        "tokens.html",
        status_of(refused),
        **token_list(PATH, asked),
        revokes=revokes,
        refused=refused,
        states=tokens.STATES,
    )
