"""Probes at the root, without sign-in: is the process alive, and can it do its work. Called by supervisors."""

from __future__ import annotations

from functools import cache

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify
from redis import Redis, RedisError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.api.context import parts
from portal.migrating import FOLDER

blueprint = Blueprint("health", __name__)
OK = "ok"


@blueprint.get("/healthz")
def healthz() -> Response:
    """Say that the process answers; it looks at nothing else."""
    return _answer({"status": OK}, 200)


@blueprint.get("/readyz")
def readyz() -> Response:
    """Say whether requests can be served: 503 without a migrated database, `degraded` without the queue."""
    database, queue = _database(), queue_state()
    status = "not ready" if database != OK else "degraded" if queue != OK else OK
    return _answer({"status": status, "database": database, "queue": queue}, 503 if database != OK else 200)


def _answer(said: dict[str, str], status: int) -> Response:
    response = jsonify(said)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _database() -> str:
    try:
        with parts().database.reading() as session:
            session.execute(select(1))
            if MigrationContext.configure(session.connection()).get_current_revision() != _head():
                return "The database is not migrated to this version: run `meshdesk db upgrade`."
    except SQLAlchemyError:
        return "The database does not answer."
    return OK


@cache
def _head() -> str | None:
    return ScriptDirectory(str(FOLDER)).get_current_head()


def queue_state() -> str:
    """`ok`, or what is wrong with the queue, in a sentence."""
    # Tickets lose nothing while it is away: what was not sent is swept.
    url = parts().config.redis_url
    if not url:
        return "No queue is set (REDIS_URL): workers are told nothing, the sweep finds the work."
    try:
        with Redis.from_url(url, socket_connect_timeout=1, socket_timeout=1) as queue:
            queue.ping()
    except (RedisError, OSError, ValueError):
        return "The queue does not answer: work goes on when the sweep finds it."
    return OK
