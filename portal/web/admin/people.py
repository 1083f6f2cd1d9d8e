"""People as operators and auditors see them, and what an operator does to one: deactivate, activate, unbind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, g, request
from sqlalchemy.orm import Session

from portal.access import rights, web_sessions
from portal.access.rights import RIGHTS, Action
from portal.api.context import actor, parts
from portal.api.people import AskedSchema, wanted_of
from portal.api.schemas import ReasonSchema
from portal.credentials import tokens
from portal.db import database_now
from portal.errors import NotFound
from portal.models import Person, Source
from portal.queries import people as selects
from portal.tickets import people as verbs
from portal.web import sent, sessions
from portal.web.admin.frame import admin_page, admit
from portal.web.blueprint import blueprint
from portal.web.doing import Refused, attempt, back, before_of, chosen, further, status_of

PATH = "/admin/people"
ASKED, REASON = AskedSchema(), ReasonSchema()
DEEDS: dict[str, Callable[..., Person]] = {
    "deactivate": verbs.deactivate,
    "activate": verbs.activate,
    "unbind": verbs.unbind,
}
MOST_TOKENS = 20


@blueprint.get(PATH)
def list_people() -> Response:
    """Show a page of everybody, newest first."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    rights.check(actor(), Action.PEOPLE_LIST, "", tenant_id=None)
    asked = sent.load(ASKED, chosen())
    limit = asked["limit"]
    with parts().database.reading() as session:
        found = selects.everybody(session, wanted_of(asked), before=before_of(asked), limit=limit)
    return admin_page(
        "people.html",
        rows=found[:limit],
        next_page=further(PATH, found[limit - 1].id) if len(found) > limit else None,
        chosen=chosen(),
        states=selects.STATES,
        sources=list(Source),
    )


@blueprint.get(f"{PATH}/<path:name>")
def show_person(name: str) -> Response:
    """Show one person or service: roles and where they come from, groups, sessions, tokens, and what may be done."""
    if g.web_session is None:
        return sessions.sign_in_first()
    admit()
    return _page(name)


@blueprint.post(f"{PATH}/<path:name>/<deed>")
def act_on_person(name: str, deed: str) -> Response:
    """Deactivate or activate somebody, or let go of their identity."""
    admit()
    if deed not in DEEDS:
        raise NotFound("A person's page has no such form.")

    def act(edge: Any) -> Person:
        said = sent.load(REASON, {"reason": sent.text(request.form, "reason")})
        return DEEDS[deed](edge.session, name, reason=said["reason"], by=edge.by, now=edge.now)

    done = attempt(deed, act)
    return _page(name, done) if isinstance(done, Refused) else back(f"{PATH}/{name}", deed)


def _page(name: str, refused: Refused | None = None) -> Response:
    rights.check(actor(), Action.PEOPLE_LIST, "", tenant_id=None)
    with parts().database.reading() as session:
        person = selects.named(session, name)
        if person is None:
            raise NotFound(f"There is no person {name[:253]}: the list of people has everybody.")
        found = _known(session, person)
    changes = bool(actor().platform_roles & RIGHTS[Action.PEOPLE].roles)
    return admin_page("person.html", status_of(refused), person=person, changes=changes, refused=refused, **found)


def _known(session: Session, person: Person) -> dict[str, Any]:
    now, by = database_now(session), actor()
    wanted = tokens.Wanted(everybody=True, state=tokens.WORKING, person=person.name)
    owner = None if person.owner_id is None else session.get(Person, person.owner_id)
    return {
        "seats": selects.seats(session, person.id),
        "groups": selects.groups(session, person.id),
        "sessions": web_sessions.of_person(session, person.id, now=now, lifetime=sessions.lifetime()),
        "tokens": tokens.tokens(session, wanted, by=by, limit=MOST_TOKENS),
        "owner": None if owner is None else owner.name,
        "myself": person.id == by.person_id,
        "service": person.source == Source.SERVICE,
    }
