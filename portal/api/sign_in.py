"""Sign-in of the API: a bearer token becomes the actor of the request. Everything under /api/v1 needs one."""

from __future__ import annotations

import time

from flask import Flask, g, request

from portal.access import tokens
from portal.api.context import parts
from portal.db import database_now
from portal.errors import SignInNeeded

NOTE_EVERY_SECONDS = 60.0


def install(app: Flask) -> None:
    """Sign in whoever asks for anything under /api/v1, unknown paths included."""
    noted: dict[int, float] = {}

    def signed_in() -> None:
        if request.path.startswith("/api/v1"):
            _sign_in(noted)

    app.before_request(signed_in)


def _sign_in(noted: dict[int, float]) -> None:
    token = _token()
    with parts().database.reading() as session:
        g.actor, token_id = tokens.actor_of(session, token, now=database_now(session))
    # A write a request would queue every reader behind SQLite's one writer.
    if time.monotonic() - noted.get(token_id, -NOTE_EVERY_SECONDS) >= NOTE_EVERY_SECONDS:
        noted[token_id] = time.monotonic()
        with parts().database.unit_of_work() as session:
            tokens.note_use(session, token_id, now=database_now(session))


def _token() -> str:
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise SignInNeeded("Send your token in the header `Authorization: Bearer mdt_…`.")
    return given.token
