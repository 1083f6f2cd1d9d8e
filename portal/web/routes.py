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
    pulse,
    revoking,
    signing_in,
    theme,
    tickets,
)
from portal.web.blueprint import blueprint


def install(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
