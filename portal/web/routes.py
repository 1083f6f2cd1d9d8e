"""Every page in one place; `create_app` calls it."""

from __future__ import annotations

from flask import Flask

# The views add themselves to the blueprint.
from portal.web import (  # noqa: F401
    acting,
    clusters,
    deciding,
    home,
    inbox,
    live,
    manifests,
    navigation,
    posture,
    posture_adoptions,
    posture_findings,
    pulse,
    revoking,
    saved,
    signing_in,
    theme,
    tickets,
    topline,
    trail,
)
from portal.web.admin import deliveries, overview, policy, registry  # noqa: F401
from portal.web.admin import people as admin_people  # noqa: F401
from portal.web.admin import tokens as admin_tokens  # noqa: F401
from portal.web.asking import views  # noqa: F401
from portal.web.blueprint import blueprint
from portal.web.settings import absences, notifications, tenants, tokens, you  # noqa: F401


def install(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
