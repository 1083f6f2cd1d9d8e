"""Revoking many windows at once, as an operator: first what would be ended, then, of just that, the deed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, g, request

from portal import queries
from portal.access import rights
from portal.access.rights import Action
from portal.api.clusters import clusters_seen
from portal.api.context import actor, parts
from portal.api.problems import problem_of
from portal.api.revocations import revoked
from portal.api.schemas import RevocationSchema
from portal.errors import Invalid, MeshdeskError, Stale
from portal.kinds.registry import KINDS
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import render

REVOCATION = RevocationSchema()
SCOPE = ("tenant", "cluster", "kind")
MOST_SHOWN = 200


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
    form = request.form
    try:
        tried = revoked(_said(form, dry_run=True))
        if "seen" not in form:
            return _page(form, made=tried, seen=_digest(tried))
        if form["seen"] != _digest(tried):
            raise Stale("What would be ended is no longer what you were shown, so nothing was ended: look again.")
        return _page(form, made=revoked(_said(form, dry_run=False)))
    except Stale as error:
        return _page(form, 412, refused=error.sentence, made=tried, seen=_digest(tried))
    except Invalid as error:
        return _page(form, 422, refused=sent.sentence_of(error), wrong=set(error.errors))
    except MeshdeskError as error:
        return _page(form, problem_of(error).status, refused=error.sentence)


def _said(form: Mapping[str, str], *, dry_run: bool) -> dict[str, Any]:
    scope = {name: form[name] for name in SCOPE if form.get(name)}
    return sent.load(REVOCATION, {**scope, "reason": sent.text(form, "reason"), "dry_run": dry_run})


def _digest(made: Mapping[str, Any]) -> str:
    """What tells one list of tickets that would be ended from another."""
    return hashlib.sha256(" ".join(one["ref"] for one in made["tickets"]).encode()).hexdigest()


def _page(form: Mapping[str, str], status: int = 200, **more: Any) -> Response:
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
