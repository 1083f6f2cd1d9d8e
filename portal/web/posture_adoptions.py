"""Tickets of many findings at once, as an operator: first what would be made, then, of just that, the deed; files."""

from __future__ import annotations

from typing import Any

from flask import Response, g, request

from portal.api import posture_files
from portal.api.context import actor
from portal.api.posture import MEANT, SCOPE, scope_of, wanted_of
from portal.api.posture_deeds import adopted
from portal.api.posture_schemas import AdoptionsSchema
from portal.kinds.registry import KINDS
from portal.states import Adopts
from portal.tickets import adopting
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import render
from portal.web.shown_first import Deed, Form, Made, shown_first

ADOPTIONS = AdoptionsSchema()
FIELDS = ("cluster", "namespace", "tenant", "code", "becomes")
MOST_SHOWN = 200
CHANGED = "What would be made is no longer what you were shown, so nothing was made: look again."


@blueprint.get("/posture/adoptions")
def adoptions_form() -> Response:
    """Ask an operator of which findings tickets are to be made, and why."""
    if g.web_session is None:
        return sessions.sign_in_first()
    adopting.may(actor(), Adopts.KEEP)
    return _page({name: request.args.get(name, "") for name in FIELDS})


@blueprint.post("/posture/adoptions")
def adoptions() -> Response:
    """Show what would be made; make it where the form says that this was shown."""
    sessions.present()
    return shown_first(Deed(_made, _told, _page, CHANGED), request.form)


def _made(form: Form, *, dry_run: bool) -> Made:
    scope = {name: form[name] for name in FIELDS if form.get(name)}
    return adopted(sent.load(ADOPTIONS, {**scope, "reason": sent.text(form, "reason"), "dry_run": dry_run}))


def _told(made: Made) -> list[str]:
    return [f"{one['finding']['number']} {one['kind']}" for one in made["items"]]


def _page(form: Form, status: int = 200, **more: Any) -> Response:
    made = more.get("made", {"items": []})["items"]
    parted = {"able": [one for one in made if one["kind"]], "unable": [one for one in made if not one["kind"]]}
    closing = form.get("becomes") == Adopts.CLOSE
    titles = {name: kind.title for name, kind in KINDS.items()}
    shown = {"form": form, "closing": closing, "most": MOST_SHOWN, "titles": titles, **parted}
    return render("posture_adoptions.html", status, **shown, **more)


@blueprint.get("/posture/findings.csv")
def findings_csv() -> Response:
    """Download the findings that the address means."""
    sessions.present()
    return posture_files.findings_file(wanted_of(sent.load(MEANT, request.args)))


@blueprint.get("/posture/workloads.csv")
def workloads_csv() -> Response:
    """Download the workloads that the address means."""
    sessions.present()
    return posture_files.workloads_file(scope_of(sent.load(SCOPE, request.args)))
