"""Every page in one place; `create_app` calls it."""

from __future__ import annotations

from flask import Flask

# The views add themselves to the blueprint.
from portal.web import acting, deciding, home, navigation, pulse, signing_in, theme, tickets  # noqa: F401
from portal.web.asking import views  # noqa: F401
from portal.web.blueprint import blueprint


def install(app: Flask) -> None:
    """Serve the pages."""
    app.register_blueprint(blueprint)
