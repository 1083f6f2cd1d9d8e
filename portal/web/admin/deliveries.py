"""How notices went: what is on its way, what arrived, what was given up and why, and having it tried again."""

from __future__ import annotations

from flask import Response, g

from portal.access import rights
from portal.access.rights import Action
from portal.api import deliveries
from portal.api.context import actor, parts
from portal.db import database_now
from portal.notify import delivering
from portal.queries import notices
from portal.web import sent, sessions
from portal.web.admin.frame import admin_page, admit
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, before_of, chosen, further, here, status_of

PATH = "/admin/deliveries"
ASKED = deliveries.LogSchema()


@blueprint.get(PATH)
def list_deliveries() -> Response:
    """Show a page of deliveries, newest first."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    return _page()


@blueprint.post(f"{PATH}/<number>/retry")
def retry_delivery(number: str) -> Response:
    """Have a delivery that did not arrive tried again now."""
    admit()
    wanted = deliveries.delivery_number(number)
    done = attempt("retry", lambda edge: delivering.retry(edge.session, wanted, by=edge.by, now=edge.now))
    return _page(done) if isinstance(done, Refused) else back(PATH, "retried")


def _page(refused: Refused | None = None) -> Response:
    rights.check(actor(), Action.DELIVERIES, "", tenant_id=None)
    asked = sent.load(ASKED, chosen())
    limit, wanted = asked["limit"], deliveries.wanted_of(asked)
    with parts().database.reading() as session:
        found = notices.deliveries(session, wanted, before=before_of(asked), limit=limit)
        rows = [deliveries.delivery_view(one) for one in found[:limit]]
        backlog = notices.backlog(session, now=database_now(session))
    return admin_page(
        "deliveries.html",
        status_of(refused),
        rows=rows,
        backlog=backlog,
        next_page=further(PATH, found[limit - 1].id) if len(found) > limit else None,
        here=here(PATH),
        chosen=chosen(),
        states=list(notices.STATES),
        refused=refused,
    )
