"""How one is told: at once or once a day, and of what not at all."""

from __future__ import annotations

from flask import Response, g, request

from portal.api.context import actor, parts
from portal.api.idempotency import Edge
from portal.api.notices import WishSchema
from portal.notify import preferences
from portal.notify.preferences import Preferences
from portal.notify.sorts import MEANINGS, URGENT, Sort
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, status_of
from portal.web.settings.frame import settings_page

PATH = "/settings/notifications"
WISH = WishSchema()
OFTEN = {"at-once": False, "daily": True}
"""Whether one is told once a day, by the word of the form."""


@blueprint.get(PATH)
def show_preferences() -> Response:
    """Show how one is told, and of what one may be told at all."""
    return sessions.sign_in_first() if g.web_session is None else _page()


@blueprint.post(PATH)
def keep_preferences() -> Response:
    """Keep how one wants to be told."""
    sessions.present()
    kept = attempt("wish", _prefer)
    return _page(kept) if isinstance(kept, Refused) else back(PATH, "told")


def _prefer(edge: Edge) -> Preferences:
    often = OFTEN.get(request.form.get("often", ""))
    said = sent.load(WISH, {"digest": often, "muted": request.form.getlist("muted")})
    wanted = Preferences(said["digest"], tuple(Sort(one) for one in said["muted"]))
    return preferences.prefer(edge.session, wanted, by=edge.by)


def _page(refused: Refused | None = None) -> Response:
    with parts().database.reading() as session:
        found = preferences.preferences_of(session, by=actor())
    digest, muted = (found.digest, set(found.muted)) if refused is None else _typed()
    return settings_page(
        "notifications.html",
        status_of(refused),
        refused=refused,
        digest=digest,
        hour=parts().config.digest_hour,
        email=sessions.present().person.email,
        sorts=[(sort, words, sort in URGENT, sort in muted) for sort, words in MEANINGS.items()],
    )


def _typed() -> tuple[bool, set[Sort]]:
    digest = OFTEN.get(request.form.get("often", ""), False)
    return digest, {sort for sort in Sort if sort in request.form.getlist("muted")}
