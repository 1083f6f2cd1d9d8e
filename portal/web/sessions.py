"""Who asks for a page: the session of the browser's cookie, found in the database at each request."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Response, g, request

from portal.access import tokens, web_sessions
from portal.access.web_sessions import LOCALLY, Lifetime
from portal.api.context import parts
from portal.db import database_now
from portal.errors import SignInNeeded
from portal.models import Person, WebSession
from portal.web import cookies
from portal.web.page import go


def lifetime() -> Lifetime:
    """How long sessions last, by the settings."""
    return Lifetime(parts().config.session, parts().config.session_idle)


def load() -> None:
    """Put the session and its person into the request; nobody is signed in where there is none that lasts."""
    g.web_session = g.session_secret = None
    secret = cookies.read(cookies.SESSION)
    if secret is None or request.endpoint == "web.static":
        return
    with parts().database.reading() as session:
        now = database_now(session)
        found = web_sessions.find(session, secret, now=now, lifetime=lifetime())
        if found is None or (found.way == LOCALLY and not parts().config.local_sign_in):
            return
        g.web_session, g.session_secret, g.actor = found, secret, tokens.actor_for(session, found.person)
    if web_sessions.is_stale(found, now):
        with parts().database.unit_of_work() as session:
            web_sessions.note_use(session, found, now=now)


def present() -> WebSession:
    """The session of this request; raises SignInNeeded."""
    if g.web_session is None:
        raise SignInNeeded("You are not signed in, or no longer: sign in to go on.")
    found: WebSession = g.web_session
    return found


def sign_in_first() -> Response:
    """On to the sign-in, which leads back to the page that was asked for."""
    query = request.query_string.decode("latin-1")
    return go(f"/sign-in?{urlencode({'next': quote(request.path) + (f'?{query}' if query else '')})}")


def begin(person: Person, way: str, then: str) -> Response:
    """Sign a person in: a new session, whatever the browser held before, and on to a page of ours."""
    with parts().database.unit_of_work() as session:
        now = database_now(session)
        if g.web_session is not None:
            web_sessions.end(session, g.web_session.person_id, now=now, number=g.web_session.id)
        secret = web_sessions.begin(session, person.id, way=way, now=now, lifetime=lifetime())
    response = go(then)
    cookies.give(response, cookies.SESSION, secret, parts().config.session)
    return response


def end(number: int | None = None) -> int:
    """End a session of whoever asks, the present one unless another number is named; 0 when it is none of theirs."""
    mine = present()
    wanted = mine.id if number is None else number
    with parts().database.unit_of_work() as session:
        return web_sessions.end(session, mine.person_id, now=database_now(session), number=wanted)


def own_path(wanted: str | None) -> str:
    """A path of ours to go on to; `/` for whatever would lead elsewhere."""
    plain = wanted is not None and wanted.startswith("/") and wanted.isprintable()
    return str(wanted) if plain and not str(wanted).startswith(("//", "/\\")) else "/"
