"""Changes through the API: one transaction a request, and with an Idempotency-Key one effect however often it is sent.

The row of the key is written before the effect, in its transaction: a second request with the same key waits for it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, json, request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.api.context import actor, parts
from portal.db import database_now
from portal.errors import Invalid, KeyReused
from portal.models import IdempotentAnswer

HEADER = "Idempotency-Key"
KEPT_HEADERS = ("ETag", "Location")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Edge:
    """What a change works with: its transaction, who changes, and when."""

    session: Session
    by: Actor
    now: datetime


@dataclass(frozen=True)
class _Sent:
    """A key, and the hash of what came with it."""

    key: str
    digest: str


def change(effect: Callable[[Edge], Response], *, secret: str | None = None) -> Response:
    """Run `effect` in one transaction and give its answer, or the one that this Idempotency-Key got before.

    `secret` is the field of the answer that is never stored: it reads null in the answer that is given again.
    Raises KeyReused when the key came with another request; errors of `effect` are not kept.
    """
    key = request.headers.get(HEADER)
    with parts().database.unit_of_work() as session:
        edge = Edge(session, actor(), database_now(session))
        return effect(edge) if key is None else _once(edge, _Sent(_checked(key), _digest()), effect, secret)


def change_once(effect: Callable[[Edge], Response], *, key: str, said: str) -> Response:
    """The same for a form, whose hidden field is the key and `said` what it asks; raises KeyReused, Invalid."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n{said}".encode()).hexdigest()
    with parts().database.unit_of_work() as session:
        return _once(Edge(session, actor(), database_now(session)), _Sent(_checked(key), digest), effect, None)


def change_many(work: Callable[[], Response]) -> Response:
    """Run `work`, which commits by itself and finds nothing left to do when it is run again; its answer is kept.

    For changes of many tickets: one transaction for all of them would hold every one of them up.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    with parts().database.unit_of_work() as session:
        edge = Edge(session, actor(), database_now(session))
        before = None if _find(edge, _checked(key)) is None else _replayed(edge, _Sent(key, _digest()))
    if before is not None:
        return before
    done = work()
    return change(lambda _: done)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Invalid({HEADER: ["Give 1 to 200 printable ASCII characters without spaces, for example a UUID."]})
    return key


def _once(edge: Edge, sent: _Sent, effect: Callable[[Edge], Response], secret: str | None) -> Response:
    kept = _reserve(edge, sent)
    if kept is None:
        return _replayed(edge, sent)
    answer = effect(edge)
    kept.status = answer.status_code
    kept.body = answer.get_data(as_text=True) if secret is None else _without(answer, secret)
    kept.headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    return answer


def _without(answer: Response, secret: str) -> str:
    shown: dict[str, Any] = answer.get_json()
    return json.dumps({**shown, secret: None})


def _reserve(edge: Edge, sent: _Sent) -> IdempotentAnswer | None:
    kept = IdempotentAnswer(person_id=edge.by.person_id, key=sent.key, digest=sent.digest, created_at=edge.now)
    kept.status, kept.headers, kept.body = 0, {}, ""
    try:
        with edge.session.begin_nested():
            edge.session.add(kept)
    except IntegrityError:
        return None
    return kept


def _replayed(edge: Edge, sent: _Sent) -> Response:
    kept = _find(edge, sent.key)
    if kept is None or kept.digest != sent.digest:
        raise KeyReused("This Idempotency-Key came with another request before: use a new key for a new request.")
    answer = Response(kept.body, kept.status, kept.headers, mimetype="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _find(edge: Edge, key: str) -> IdempotentAnswer | None:
    same = (IdempotentAnswer.person_id == edge.by.person_id, IdempotentAnswer.key == key)
    return edge.session.scalars(select(IdempotentAnswer).where(*same)).one_or_none()


def _digest() -> str:
    head = f"{request.method} {request.full_path}\n".encode()
    return hashlib.sha256(head + request.get_data(cache=True)).hexdigest()
