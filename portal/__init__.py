"""Meshdesk's portal. `create_app` makes the web process; workers and the command line import the modules directly."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from portal.config import Config


def create_app(config: Config | None = None) -> Flask:
    """The WSGI application; settings come from the environment unless given. Opens no connection yet."""
    # Every `import portal.…` runs this file: only who makes the application pays for Flask and the API.
    from flask import Flask  # noqa: PLC0415

    from portal import http, outbox  # noqa: PLC0415
    from portal.api import context, routes  # noqa: PLC0415
    from portal.config import Config  # noqa: PLC0415
    from portal.web import routes as pages  # noqa: PLC0415

    settings = config or Config.from_env()
    app = Flask("portal", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    # Answers keep the order of their schemas, in which people read them.
    app.json.sort_keys = False  # type: ignore[attr-defined]
    parts = context.install(app, settings)
    if settings.redis_url:
        outbox.install(parts.database, settings.redis_url)
    http.install(app)
    routes.install(app)
    pages.install(app)
    return app
