"""Tickets of many findings at once, as an operator: first what would be made, then, of just that, the deed; files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Response, g, request

from portal.api import posture_files
from portal.api.context import actor
from portal.api.posture import MEANT, SCOPE, scope_of, wanted_of
from portal.api.posture_deeds import adopted
from portal.api.posture_schemas import AdoptionsSchema
from portal.api.problems import problem_of
from portal.errors import Invalid, MeshdeskError, Stale
from portal.kinds.registry import KINDS
from portal.states import Adopts
from portal.tickets import adopting
from portal.web import sent, sessions
from portal.web.blueprint import blueprint
from portal.web.page import render

ADOPTIONS = AdoptionsSchema()
FIELDS = ("cluster", "namespace", "tenant", "code", "becomes")
MOST_SHOWN = 200


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
    form = request.form
    try:
        tried = adopted(_said(form, dry_run=True))
        if "seen" not in form:
            return _page(form, made=tried, seen=_digest(tried))
        if form["seen"] != _digest(tried):
            raise Stale("What would be made is no longer what you were shown, so nothing was made: look again.")
        return _page(form, made=adopted(_said(form, dry_run=False)))
    except Stale as error:
        return _page(form, 412, refused=error.sentence, made=tried, seen=_digest(tried))
    except Invalid as error:
        return _page(form, 422, refused=sent.sentence_of(error), wrong=set(error.errors))
    except MeshdeskError as error:
        return _page(form, problem_of(error).status, refused=error.sentence)


def _said(form: Mapping[str, str], *, dry_run: bool) -> dict[str, Any]:
    scope = {name: form[name] for name in FIELDS if form.get(name)}
    return sent.load(ADOPTIONS, {**scope, "reason": sent.text(form, "reason"), "dry_run": dry_run})


def _digest(made: Mapping[str, Any]) -> str:
    """What tells one list of tickets that would be made from another."""
    told = [f"{one['finding']['number']} {one['kind']}" for one in made["items"]]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _page(form: Mapping[str, str], status: int = 200, **more: Any) -> Response:
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
