"""Errors as application/problem+json (RFC 9457): the one place that knows which named error is which HTTP status.

Every error is answered here: flask-smorest's, werkzeug's and the database's too.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Flask, current_app, g, json, request
from marshmallow import Schema, fields
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Response

from portal import errors
from portal.web import page

log = logging.getLogger(__name__)


class ProblemSchema(Schema):
    """What an error says (application/problem+json)."""

    type = fields.String(metadata={"description": "What went wrong, as a link into /api/docs."})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String(metadata={"description": "What happened and what to do next."})
    instance = fields.String(metadata={"description": "The path that was asked for."})
    request_id = fields.String(metadata={"description": "Name it to your platform operators."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "What is wrong with the input, by path of the field."},
    )
    ref = fields.String(metadata={"description": "The ticket that asks for the same already."})


@dataclass(frozen=True)
class Problem:
    """One error as it is answered."""

    status: int
    name: str
    title: str
    detail: str
    more: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """How a class of named errors is answered."""

    status: int
    name: str
    title: str


BEARER = {"WWW-Authenticate": 'Bearer realm="meshdesk"'}
LATER = {"Retry-After": "10"}
KINDS: dict[type[errors.MeshdeskError], Kind] = {
    errors.Invalid: Kind(422, "invalid", "The input breaks a rule"),
    errors.KeyReused: Kind(422, "key-reused", "This Idempotency-Key came with another request"),
    errors.NotFound: Kind(404, "not-found", "There is no such thing"),
    errors.SignInNeeded: Kind(401, "sign-in-needed", "Sign in first"),
    errors.Forbidden: Kind(403, "forbidden", "You may not do this"),
    errors.WrongState: Kind(409, "wrong-state", "The ticket's state does not allow this"),
    errors.Duplicate: Kind(409, "duplicate", "The same is asked already"),
    errors.NotReady: Kind(409, "not-ready", "Something must be known first"),
    errors.LostRace: Kind(409, "lost-race", "Somebody else was quicker"),
    errors.Stale: Kind(412, "stale", "The ticket changed since you read it"),
    errors.VersionNeeded: Kind(428, "version-needed", "Say which version you decide on"),
    errors.ProviderAway: Kind(503, "identity-provider-away", "The identity provider does not answer"),
    errors.ConfigurationError: Kind(500, "configuration", "Meshdesk is not set up right"),
}
OTHER = Kind(500, "unexpected", "Something unexpected happened")
AWAY = Kind(503, "database-away", "The database does not answer")
# What the web server's own rules refuse before any of ours: no named error stands for it.
HTTP_ONLY = (400, 405, 413, 415)
UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)


def install(app: Flask) -> None:
    """Answer every error of the application by this module; HTTP errors come through `Api.handle_http_exception`."""
    app.register_error_handler(errors.MeshdeskError, answer)
    for unavailable in UNAVAILABLE:
        app.register_error_handler(unavailable, answer)


def answer(error: Exception) -> Response:
    """The response to an error: a problem under /api/, a page elsewhere, plain text for programs that ask for it."""
    if isinstance(error, HTTPException) and _is_redirect(error):
        return error.get_response()
    problem = problem_of(error)
    if is_api():
        return Response(_body(problem), problem.status, problem.headers, mimetype="application/problem+json")
    if request.accept_mimetypes.best_match(["text/html", "text/plain"], "text/html") == "text/plain":
        return Response(problem.detail + "\n", problem.status, problem.headers, mimetype="text/plain")
    answered = page.render("error.html", problem.status, problem=problem)
    answered.headers.update(problem.headers)
    return answered


def _is_redirect(error: HTTPException) -> bool:
    # Routing redirects a path with doubled slashes by an exception.
    return error.code is not None and error.code < HTTPStatus.BAD_REQUEST


def is_api() -> bool:
    """True for requests whose errors are problems: everything under /api/."""
    return request.path == "/api" or request.path.startswith("/api/")


def _body(problem: Problem) -> str:
    return json.dumps(said_of(problem)) + "\n"


def said_of(problem: Problem) -> dict[str, Any]:
    """What ProblemSchema shows of a problem with the present request, or with a part of it."""
    return {
        "type": f"/api/docs#problem-{problem.name}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": g.get("request_id", ""),
        **problem.more,
    }


def problem_of(error: Exception) -> Problem:
    """What an error says to whoever asked; driver text and tracebacks go to the log alone."""
    match error:
        case errors.Invalid():
            return _named(error, errors=error.errors)
        case errors.Duplicate():
            return _named(error, ref=error.ref)
        case errors.MeshdeskError():
            return _named(error)
        case HTTPException():
            return _http(error)
        case _:
            return _away(error)


def _named(error: errors.MeshdeskError, **more: Any) -> Problem:
    kind = next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), OTHER)
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s: %s", type(error).__name__, error.sentence)
    headers = {HTTPStatus.UNAUTHORIZED: BEARER, HTTPStatus.SERVICE_UNAVAILABLE: LATER}.get(HTTPStatus(kind.status), {})
    return Problem(kind.status, kind.name, kind.title, error.sentence, more, headers)


def _http(error: HTTPException) -> Problem:
    status = error.code or 500
    if isinstance(error, InternalServerError):
        detail = (
            "This is our fault, not yours: try again, and name the request id to your platform operators if it stays."
        )
        return Problem(OTHER.status, OTHER.name, OTHER.title, detail)
    kind = _of_http(status)
    kept = {name: value for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")}
    return Problem(kind.status, kind.name, kind.title, _advice(status, error), headers=kept)


def _of_http(status: int) -> Kind:
    title = HTTP_STATUS_CODES.get(status, "Error")
    return Kind(status, title.lower().replace(" ", "-"), title)


def known() -> list[Kind]:
    """Every problem that there is, each once, by status: /api/docs lists them."""
    found = [*KINDS.values(), AWAY, OTHER, *(_of_http(status) for status in HTTP_ONLY)]
    return sorted({kind.name: kind for kind in found}.values(), key=lambda kind: kind.status)


def _advice(status: int, error: HTTPException) -> str:
    most = current_app.config["MAX_CONTENT_LENGTH"]
    index = "/api/docs" if is_api() else "the first page"
    allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return {
        404: f"There is nothing at {request.path[:200]}: {index} says what there is.",
        405: f"{request.method} is not for this path; it takes {allowed}.",
        413: f"The body is larger than {most} bytes: send less.",
    }.get(status, error.description or "The request cannot be answered.")


def _away(error: Exception) -> Problem:
    log.warning("the database is away: %s", type(error).__name__, exc_info=error)
    detail = "The database is away or busy, nothing was changed: try again in a few seconds."
    return Problem(AWAY.status, AWAY.name, AWAY.title, detail, headers={"Retry-After": "2"})
