"""Every blueprint of the API in one place, with its document and its sign-in; `create_app` calls it."""

from __future__ import annotations

from flask import Flask

from portal.api import (
    clusters,
    decisions,
    endings,
    health,
    kinds,
    me,
    problems,
    reference,
    sign_in,
    testimony,
    tickets,
)

PARTS = (tickets, decisions, endings, testimony, kinds, clusters, me)


def install(app: Flask) -> None:
    """Serve the API, its reference and the probes."""
    problems.install(app)
    sign_in.install(app)
    app.register_blueprint(health.blueprint)
    api = reference.install(app)
    for part in PARTS:
        api.register_blueprint(part.blueprint)
    reference.complete(app, api)
