"""The corrected manifests of Jobs, downloaded from a ticket's page with the cookie of the browser."""

from __future__ import annotations

from flask import Response

from portal.api.testimony import manifest_file
from portal.web import sessions
from portal.web.blueprint import blueprint


@blueprint.get("/tickets/<ref>/manifests/<name>")
def download_manifest(ref: str, name: str) -> Response:
    """One manifest as a file; 401 for whoever is not signed in, 404 as the ticket's page has it."""
    sessions.present()
    response = manifest_file(ref, name)
    response.headers["Cache-Control"] = "no-store"
    return response
