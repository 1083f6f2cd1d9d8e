"""A page as it is answered: rendered, never kept by a cache, and allowed our own assets only."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    # Without a referrer at all, browsers hide from which page a form was sent (`Origin: null`).
    "Referrer-Policy": "same-origin",
}


def render(template: str, status: int = 200, **context: Any) -> Response:
    """The page that a template of portal/web/templates/web makes."""
    response = make_response(render_template(f"web/{template}", **context), status)
    response.headers.update(HEADERS)
    return response


def go(to: str) -> Response:
    """On to another page, by GET."""
    response = make_response(redirect(to, 303))
    response.headers.update(HEADERS)
    return response
