"""Sign-in of the API: a bearer token becomes the actor of the request. Everything under /api/v1 needs one.

A token is one of ours (`mdt_…`), or a JWT of the identity provider where there is one.
"""

from __future__ import annotations

import time

from flask import Flask, g, request
from sqlalchemy.exc import IntegrityError

from portal.access import people, tokens
from portal.access.actor import Actor
from portal.access.oidc import Identity, Provider
from portal.api.context import parts
from portal.db import database_now
from portal.errors import Forbidden, SignInNeeded
from portal.models import Person
from portal.tickets import people as verbs

NOTE_EVERY_SECONDS = 60.0
NO_TOKEN = "Send your token in the header `Authorization: Bearer mdt_…`."  # noqa: S105 - a sentence
Noted = dict[int, float]


def install(app: Flask) -> None:
    """Sign in whoever asks for anything under /api/v1, unknown paths included."""
    noted: Noted = {}
    vouched: Noted = {}

    def signed_in() -> None:
        if not request.path.startswith("/api/v1"):
            return
        token, provider = _token(), parts().provider
        if provider is None or token.startswith(tokens.PREFIX):
            g.actor = _of_ours(token, noted)
        else:
            g.actor = _of_provider(provider, token, vouched)

    app.before_request(signed_in)


def _token() -> str:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise SignInNeeded(NO_TOKEN)
    return given.token


def _of_ours(token: str, noted: Noted) -> Actor:
    with parts().database.reading() as session:
        actor, token_id = tokens.actor_of(session, token, now=database_now(session))
    # A write a request would queue every reader behind SQLite's one writer.
    if _is_due(noted, token_id):
        with parts().database.unit_of_work() as session:
            tokens.note_use(session, token_id, now=database_now(session))
    return actor


def _of_provider(provider: Provider, token: str, vouched: Noted) -> Actor:
    try:
        identity = provider.bearer(token)
        with parts().database.reading() as session:
            person = people.known(session, identity)
            if person is not None and person.may_act and not _is_due(vouched, person.id):
                return tokens.actor_for(session, person)
        welcomed = welcome(identity)
        vouched[welcomed.id] = time.monotonic()
    except Forbidden as error:
        # To a client of the API such a token is worth as much as none.
        raise SignInNeeded(error.sentence) from error
    with parts().database.reading() as session:
        return tokens.actor_for(session, welcomed)


def welcome(identity: Identity) -> Person:
    """The person for whom the provider vouches, as the database holds them now; raises Forbidden."""
    try:
        return _welcome(identity)
    except IntegrityError:
        # Somebody signed in for the first time by two requests at once: the other one made the person.
        return _welcome(identity)


def _welcome(identity: Identity) -> Person:
    with parts().database.unit_of_work() as session:
        return verbs.welcome(session, identity, now=database_now(session))


def _is_due(noted: Noted, number: int) -> bool:
    """True once a minute for each number."""
    now = time.monotonic()
    if now - noted.get(number, -NOTE_EVERY_SECONDS) < NOTE_EVERY_SECONDS:
        return False
    noted[number] = now
    return True
