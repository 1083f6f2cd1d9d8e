"""Light or dark: as the system says, or as somebody chose in this browser."""

from __future__ import annotations

from datetime import timedelta

from flask import Response, request

from portal.errors import Invalid
from portal.web import cookies, sessions
from portal.web.blueprint import blueprint
from portal.web.page import go

THEMES = ("light", "dark")
KEPT = timedelta(days=365)


@blueprint.app_template_global("theme")
def theme() -> str:
    """`light` or `dark`; empty where the system decides."""
    chosen = cookies.read(cookies.THEME)
    return chosen if chosen in THEMES else ""


@blueprint.app_template_global("present_page")
def present_page() -> str:
    """The address of the page that is shown, to come back to; the first page where that is none to load again."""
    again = request.method == "GET" and request.endpoint != "web.callback"
    return request.full_path.rstrip("?") if again else "/"


@blueprint.post("/theme")
def choose_theme() -> Response:
    """Keep the choice in this browser, and go back to the page."""
    chosen = request.form.get("theme", "")
    if chosen not in (*THEMES, "system"):
        raise Invalid({"theme": ["Say light, dark or system."]})
    response = go(sessions.own_path(request.form.get("next")))
    if chosen == "system":
        cookies.take(response, cookies.THEME)
    else:
        cookies.give(response, cookies.THEME, chosen, KEPT)
    return response
