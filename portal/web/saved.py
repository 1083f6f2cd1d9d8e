"""Keeping the present view of the list under a name, and forgetting it."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flask import Response, request

from portal.api.context import actor, parts
from portal.api.filters import name_of, plain_query
from portal.db import database_now
from portal.errors import MeshdeskError, NotFound
from portal.tickets import filters
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import go
from portal.web.sent import sentence_of
from portal.web.tickets import list_page


@blueprint.post("/tickets/filters")
def keep_view() -> Response:
    """Keep a view under the name that was typed; a refusal is the list again, with the sentence and the name."""
    sessions.present()
    query, name = plain_query(request.form.get("query", "")), sent.text(request.form, "name").strip()
    try:
        with parts().database.unit_of_work() as session:
            filters.keep(session, name_of(name), query, by=actor(), now=database_now(session))
    except MeshdeskError as error:
        return list_page(dict(parse_qsl(query)), 422, unkept=sentence_of(error), typed=name)
    return go(f"/tickets?{query}")


@blueprint.post("/tickets/filters/forget")
def forget_view() -> Response:
    """Forget a view that was kept; it does not matter whether another page did so before."""
    sessions.present()
    query = plain_query(request.form.get("query", ""))
    try:
        with parts().database.unit_of_work() as session:
            filters.forget(session, sent.text(request.form, "name"), by=actor())
    except NotFound:
        pass
    return go(f"/tickets?{query}")
