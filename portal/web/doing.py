"""Forms beside lists: what was refused comes back on the same page, and what was done leads back to the same place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, request

from portal.api import paging
from portal.api.context import actor, parts
from portal.api.idempotency import Edge
from portal.api.problems import problem_of
from portal.db import database_now
from portal.errors import Invalid, MeshdeskError
from portal.web import sent, sessions
from portal.web.page import go

Done = TypeVar("Done")
DONE = "done"
"""In an address: what a form has just done, a key of the page's own sentences."""


@dataclass(frozen=True)
class Refused:
    """A form that was refused: which, why, what was typed, which fields are to be mended, and the answer's status."""

    form: str
    sentence: str
    status: int
    typed: Mapping[str, str]
    fields: frozenset[str] = field(default=frozenset())


def attempt(form: str, run: Callable[[Edge], Done]) -> Done | Refused:
    """What `run` gives in a transaction of its own, or how it was refused; only what is no refusal is raised."""
    try:
        with parts().database.unit_of_work() as session:
            return run(Edge(session, actor(), database_now(session)))
    except MeshdeskError as error:
        wrong = frozenset(error.errors) if isinstance(error, Invalid) else frozenset()
        return Refused(form, sent.sentence_of(error), problem_of(error).status, request.form, wrong)


def status_of(refused: Refused | None) -> int:
    """The status of a page, with or without a form that was refused on it."""
    return 200 if refused is None else refused.status


def chosen() -> dict[str, str]:
    """The filters of the list: of the address, or of the page whose form was sent; fields that nobody filled in are
    left out.
    """
    if request.method == "GET":
        return {name: value for name, value in request.args.items() if value and name != DONE}
    return {name: value for name, value in parse_qsl(_from().query) if name != DONE}


def here(path: str) -> str:
    """The address of the list as it is shown, for its forms to come back to."""
    return _address(path, chosen())


def further(path: str, last: int) -> str:
    """The address of the list's next page, after the row of this number."""
    return _address(path, {**chosen(), "cursor": paging.cursor_of(last)})


def back(path: str, done: str) -> Response:
    """On to the page at `path`, as it was when the form was sent, where it says what was done."""
    asked = chosen() if _from().path == path else {}
    return go(_address(path, {**asked, DONE: done}))


def before_of(asked: Mapping[str, Any]) -> int | None:
    """Below which number a page begins, as the cursor says; raises Invalid for a cursor that is none."""
    return paging.number_of(asked["cursor"]) if asked["cursor"] else None


def _from() -> Any:
    return urlsplit(sessions.own_path(request.form.get("back")))


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
