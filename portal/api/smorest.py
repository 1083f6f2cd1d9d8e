"""flask-smorest with types, strict input and our problems: every blueprint of the API is made of this one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]
from flask import Request
from marshmallow import RAISE, Schema, ValidationError
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType
from werkzeug.wrappers import Response

from portal.api import problems, strict_json
from portal.errors import Invalid
from portal.tickets.asking import flatten

View = TypeVar("View", bound=Callable[..., Any])


class StrictParser(FlaskParser):
    """webargs that refuses unknown fields everywhere, other content types and JSON that is none."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}  # noqa: RUF012 - as webargs asks

    def _raw_load_json(self, req: Request) -> Any:
        data = req.get_data(cache=True)
        if not data:
            return missing
        if not is_json_request(req):
            raise UnsupportedMediaType("Send the body as application/json.")
        try:
            return strict_json.parse(data)
        except strict_json.BrokenJSONError as error:
            raise BadRequest(str(error)) from error

    def handle_error(self, error: ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise what the schema found as our own Invalid, without the name of the location."""
        by_location = error.normalized_messages().values()  # type: ignore[no-untyped-call]
        found = {path: said for messages in by_location for path, said in flatten(messages, "").items()}
        raise Invalid({path or "body": said for path, said in found.items()}) from error


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A flask-smorest blueprint under /api/v1 whose decorators keep their views' types."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix="/api/v1", description=description)

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Serve a view at `rule`."""
        return cast(Callable[[View], View], super().route(rule, **options))

    def arguments(self, schema: Schema, **options: Any) -> Callable[[View], View]:
        """Load the body (or the query) by `schema` and give it to the view."""
        return cast(Callable[[View], View], super().arguments(schema, **options))

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[View], View]:
        """Dump what the view returns by `schema`."""
        return cast(Callable[[View], View], super().response(status_code, schema, **options))

    @staticmethod
    def doc(**words: Any) -> Callable[[View], View]:
        """Say in OpenAPI what the decorators do not."""
        return cast(Callable[[View], View], flask_smorest.Blueprint.doc(**words))


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """The OpenAPI document; errors are answered by problems.py alone."""

    ERROR_SCHEMA = problems.ProblemSchema

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer like every other error; flask-smorest would turn the pages' errors into JSON too."""
        return problems.answer(error)
