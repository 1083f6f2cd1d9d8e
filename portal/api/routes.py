"""Every blueprint of the API in one place, with its document and its sign-in; `create_app` calls it."""

from __future__ import annotations

from flask import Flask

from portal.api import (
    calling,
    certificates,
    clusters,
    decisions,
    delegations,
    deliveries,
    endings,
    filters,
    fulfilling,
    gone,
    guard,
    health,
    kinds,
    me,
    metrics,
    notices,
    pauses,
    people,
    posture,
    posture_deeds,
    problems,
    questions,
    reference,
    reject_templates,
    rerouting,
    revocations,
    services,
    sign_in,
    testimony,
    tickets,
    tokens,
    topline,
    trail,
)

BLUEPRINTS = (
    tickets.blueprint,
    decisions.blueprint,
    questions.blueprint,
    delegations.blueprint,
    reject_templates.blueprint,
    endings.blueprint,
    rerouting.blueprint,
    fulfilling.blueprint,
    calling.blueprint,
    testimony.blueprint,
    kinds.blueprint,
    clusters.blueprint,
    posture.blueprint,
    posture_deeds.blueprint,
    certificates.blueprint,
    topline.blueprint,
    pauses.blueprint,
    gone.blueprint,
    guard.blueprint,
    revocations.blueprint,
    people.blueprint,
    me.blueprint,
    notices.blueprint,
    filters.blueprint,
    trail.blueprint,
    deliveries.blueprint,
    tokens.blueprint,
    services.blueprint,
)


def install(app: Flask) -> None:
    """Serve the API, its reference, the probes and the metrics."""
    problems.install(app)
    sign_in.install(app)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    api = reference.install(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    reference.complete(app, api)
