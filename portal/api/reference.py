"""The OpenAPI document and, at /api/docs, a page made of it on the server: no script, nothing from elsewhere."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, make_response, render_template

from portal.api import problems
from portal.api.smorest import Api

EXTENSION = "meshdesk-openapi"
CONTENT_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
INTRODUCTION = "Ask for a time-limited exception in a Linkerd mesh, decide on one, follow it to its end."
SETTINGS = {"API_TITLE": "Meshdesk", "API_VERSION": "v1", "OPENAPI_VERSION": "3.1.0"}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
    "description": "A change that is sent again with its key happens once and gets the same answer.",
}

blueprint = Blueprint("reference", __name__, template_folder="templates", static_folder="static", url_prefix="/api")


def install(app: Flask) -> Api:
    """The API object that blueprints register with; errors go through it."""
    app.config.update(SETTINGS)
    app.register_blueprint(blueprint)
    return Api(app)


def complete(app: Flask, api: Api) -> None:
    """Say in the document what no decorator can, and keep it for both routes; call it after the last blueprint."""
    document: dict[str, Any] = api.spec.to_dict()
    document["info"]["description"] = INTRODUCTION
    document["security"] = [{"token": []}]
    document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, operations in document["paths"].items():
        if "post" in operations and not path.endswith("/preview"):
            operations["post"].setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    for response in document["components"]["responses"].values():
        response["content"] = {"application/problem+json": response["content"]["application/json"]}
    app.extensions[EXTENSION] = document


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The OpenAPI 3.1 document of /api/v1."""
    return jsonify(current_app.extensions[EXTENSION])


@blueprint.get("/docs")
def docs() -> Response:
    """A reference of every operation with its input and its answers, and of every problem."""
    page = render_template("docs.html", spec=current_app.extensions[EXTENSION], problems=problems.known())
    response = make_response(page)
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    return response
