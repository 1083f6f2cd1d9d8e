"""WSGI entry: `app:app` for any WSGI server; settings come from the environment."""

from __future__ import annotations

from portal import create_app

app = create_app()
