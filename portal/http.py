"""What every answer of the web process carries: a request id, security headers, and one line in the log."""

from __future__ import annotations

import logging
import re
import time
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask, Response, g, has_request_context, json, request
from werkzeug.exceptions import BadRequest

from portal.sign_in_settings import is_loopback

log = logging.getLogger(__name__)

_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Whoever these name came through a proxy, whose own address says nothing of where from.
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def install(app: Flask) -> None:
    """Put ids, headers and log lines around every request of the application."""
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _GOOD_ID.fullmatch(given) else uuid4().hex
    g.began = time.monotonic()
    g.actor = None
    if "\x00" in request.path or "%00" in request.query_string.decode("latin-1"):
        raise BadRequest("The address holds a NUL character: take it out.")


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    _note(response)
    return response


def from_this_machine() -> bool:
    """True for requests of this very machine that came through no proxy, as far as one says so."""
    return is_loopback(request.remote_addr) and not any(name in request.headers for name in PROXIED)


def asked_on_loopback() -> bool:
    """True when the address that was asked for is this machine's own loopback."""
    try:
        return is_loopback(urlsplit(f"//{request.host}").hostname)
    except ValueError:
        return False


def _note(response: Response) -> None:
    asked = {"method": request.method, "path": request.path, "status": response.status_code}
    spent = {"ms": round((time.monotonic() - g.began) * 1000, 1), "actor": g.actor.name if g.actor else None}
    log.info("request", extra={"fields": {**asked, **spent}})


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line, with the id of the request that they belong to."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of one record; never holds bodies or tokens, for nobody logs them."""
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)
