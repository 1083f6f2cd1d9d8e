"""Revoking many windows at once, as an operator: first what would be ended, then, of just that, the deed."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request

from portal import queries
from portal.access import rights
from portal.access.rights import Action
from portal.api.clusters import clusters_seen
from portal.api.context import actor, parts
from portal.api.revocations import revoked
from portal.api.schemas import RevocationSchema
from portal.kinds.registry import KINDS
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import render
from portal.web.shown_first import Deed, Form, Made, shown_first

REVOCATION = RevocationSchema()
SCOPE = ("tenant", "cluster", "kind")
MOST_SHOWN = 200
CHANGED = "What would be ended is no longer what you were shown, so nothing was ended: look again."


@blueprint.get("/live/revoke-all")
def revoke_all_form() -> Response:
    """Ask an operator what to revoke, and why."""
    if g.web_session is None:
        return sessions.sign_in_first()
    rights.check(actor(), Action.REVOKE_ALL, "", tenant_id=None)
    return _page({name: request.args.get(name, "") for name in SCOPE})


@blueprint.post("/live/revoke-all")
def revoke_all() -> Response:
    """Show what would be ended; end it where the form says that this was shown."""
    sessions.present()
    return shown_first(Deed(_made, _told, _page, CHANGED), request.form)


def _made(form: Form, *, dry_run: bool) -> Made:
    scope = {name: form[name] for name in SCOPE if form.get(name)}
    return revoked(sent.load(REVOCATION, {**scope, "reason": sent.text(form, "reason"), "dry_run": dry_run}))


def _told(made: Made) -> list[str]:
    return [one["ref"] for one in made["tickets"]]


def _page(form: Form, status: int = 200, **more: Any) -> Response:
    with parts().database.reading() as session:
        # Also those that left the registry: what is open there is still to be ended.
        clusters = [one.name for one in clusters_seen(session)]
        tenants = {tenant.name for _, tenant in queries.namespaces(session, by=actor())}
    shown = {
        "tenants": sorted(tenants),
        "clusters": sorted(clusters),
        "kinds": {name: kind.title for name, kind in KINDS.items() if kind.has_cluster_change},
        "titles": {name: kind.title for name, kind in KINDS.items()},
        "most": MOST_SHOWN,
    }
    return render("revoke_all.html", status, form=form, **shown, **more)
