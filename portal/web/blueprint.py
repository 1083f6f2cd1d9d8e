"""The blueprint of every page: who asks is known before a view runs, and forms are believed only from our own pages."""

from __future__ import annotations

from flask import Blueprint, request

from portal.durations import words
from portal.mesh.certificates import title, what_to_do
from portal.web import diffs, forms, looks, sessions

CHANGING = ("POST", "PUT", "PATCH", "DELETE")

blueprint = Blueprint("web", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
blueprint.before_request(sessions.load)
blueprint.after_request(forms.keep_secret)
blueprint.add_app_template_global(forms.token, "form_token")
blueprint.add_app_template_global(title, "certificate_title")
blueprint.add_app_template_global(what_to_do, "what_to_do")
blueprint.add_app_template_filter(looks.span, "span")
blueprint.add_app_template_filter(looks.timed, "timed")
blueprint.add_app_template_filter(words, "duration")
blueprint.add_app_template_filter(diffs.lines, "diff_lines")


@blueprint.before_request
def check_form() -> None:
    """Refuse what another site has a browser send."""
    if request.method in CHANGING:
        forms.check()
