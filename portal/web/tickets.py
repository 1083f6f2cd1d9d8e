"""The pages of tickets: the list that somebody may see, and one ticket whole."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, g, request

from portal.api import paging, schemas
from portal.api.context import actor, parts
from portal.api.filters import PASSING
from portal.api.listing import counted, filter_of, page
from portal.api.ticket_files import tickets_file
from portal.api.views import ticket_views
from portal.db import database_now
from portal.kinds.registry import KINDS
from portal.policy.vocabulary import ENVIRONMENTS
from portal.states import State
from portal.tickets import filters
from portal.tickets.moving import number_of
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.looks import look
from portal.web.page import render
from portal.web.ticket_page import ticket_page

LIST = schemas.ListSchema()
MOST_COUNTED = 2000
"""Of more it is only said that there are more: counting all would take longer than showing them."""
OPEN = ",".join((State.APPROVED, State.APPLYING, State.ACTIVE, State.REVERTING))
SIGHTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("All", {}),
    ("Wait for me", {"waiting_for": "me"}),
    ("Mine", {"mine": "true"}),
    ("Under way", {"state": OPEN}),
    ("Owe a review", {"owed": "review"}),
    ("To recertify", {"owed": "recertification"}),
)
"""The filters that people need most, by name; the address has them."""


@blueprint.get("/tickets")
def list_tickets() -> Response:
    """Show a page of the tickets that one may see, newest first; the filters are those of the API."""
    if g.web_session is None:
        return sessions.sign_in_first()
    # A form sends the fields that nobody filled in too.
    chosen = {name: value for name, value in request.args.items() if value}
    return list_page(chosen)


def list_page(chosen: dict[str, str], status: int = 200, **more: Any) -> Response:
    """The list by these filters; raises Invalid for filters that are none."""
    asked = sent.load(LIST, chosen)
    wanted, same = filter_of(asked), view_of(chosen)
    with parts().database.reading() as session:
        found, has_more = page(session, wanted, by=actor(), before=_before(asked), limit=asked["limit"])
        views, now = ticket_views(session, found), database_now(session)
        whole = not has_more and not asked["cursor"]
        total = len(found) if whole else counted(session, wanted, by=actor(), most=MOST_COUNTED)
        kept = [(one.name, one.query) for one in filters.all_of(session, by=actor())]
    return render(
        "tickets.html",
        status,
        rows=[(view, look(view, now)) for view in views],
        next_page=_address({**chosen, "cursor": paging.cursor_of(found[-1].id)}) if has_more else None,
        total=_counted(total),
        chosen=chosen,
        here=_address(chosen),
        view=urlencode(same),
        sights=[(name, _address(query), query == same) for name, query in SIGHTS],
        kept=[(name, f"/tickets?{query}", dict(parse_qsl(query)) == same) for name, query in kept],
        kinds=KINDS,
        states=list(State),
        environments=ENVIRONMENTS,
        me=actor().name,
        now=now,
        **more,
    )


def view_of(chosen: dict[str, str]) -> dict[str, str]:
    """The filters without which page of the list it is."""
    return {name: value for name, value in chosen.items() if name not in PASSING}


def _address(query: dict[str, str]) -> str:
    return f"/tickets?{urlencode(query)}" if query else "/tickets"


def _counted(total: int) -> str:
    if total > MOST_COUNTED:
        return f"more than {MOST_COUNTED:,} tickets"
    return f"{total:,} {'ticket' if total == 1 else 'tickets'}"


def _before(asked: dict[str, Any]) -> int | None:
    return paging.number_of(asked["cursor"]) if asked["cursor"] else None


@blueprint.get("/tickets.csv")
def tickets_csv() -> Response:
    """Download what the list shows, all pages of it."""
    sessions.present()
    return tickets_file(sent.load(LIST, view_of({name: value for name, value in request.args.items() if value})))


@blueprint.get("/tickets/<ref>")
def show_ticket(ref: str) -> Response:
    """Show one ticket with what one may do about it; the same 404 for another tenant's and for none."""
    if g.web_session is None:
        return sessions.sign_in_first()
    return ticket_page(number_of(ref))
