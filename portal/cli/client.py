"""The client of the REST API that people's commands are: nothing of the server is imported."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import click
import requests
from requests.auth import AuthBase

from portal.cli.failures import Problem, ServerAway
from portal.cli.place import OPTIONS, Place, place_of, place_options, remember_place

PREFIX = "/api/v1"
SERVER_ERROR = 500
CONNECT_SECONDS, ANSWER_SECONDS = 5, 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _Bearer(AuthBase):
    """Signs in by token; as `auth` it also keeps a ~/.netrc from replacing it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@dataclass(frozen=True)
class Reply:
    """What the server answered: the JSON, the ETag where there is one, the path of the next page."""

    body: Any
    etag: str | None = None
    next: str | None = None


class Desk:
    """One server, one person."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._http = requests.Session()
        self._http.auth = _Bearer(place.token)
        # A proxy of the environment knows nothing of this machine's own loopback.
        self._http.trust_env = urlsplit(place.url).hostname not in LOOPBACK

    def __enter__(self) -> Desk:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, *, patience: float = 0, **query: Any) -> Reply:
        """Read; `patience` is how many seconds the server was asked to wait. Raises Problem, ServerAway."""
        wanted = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", PREFIX + path, params=wanted, patience=patience)

    def post(self, path: str, body: dict[str, Any], *, etag: str | None = None) -> Reply:
        """Send; `etag` is the version that the person saw. Raises Problem, ServerAway."""
        return self._send("POST", PREFIX + path, json=body, headers={"If-Match": etag} if etag else {})

    def put(self, path: str, body: dict[str, Any]) -> Reply:
        """Keep something at its own address. Raises Problem, ServerAway."""
        return self._send("PUT", PREFIX + path, json=body)

    def delete(self, path: str) -> Reply:
        """Take something away. Raises Problem, ServerAway."""
        return self._send("DELETE", PREFIX + path)

    def items(self, path: str, **query: Any) -> Iterator[Any]:
        """Every item of a paged collection, following the links to the next page."""
        reply = self.get(path, **query)
        yield from reply.body["items"]
        while reply.next is not None:
            reply = self._send("GET", reply.next)
            yield from reply.body["items"]

    def text(self, path: str, **query: Any) -> Iterator[str]:
        """Read a file piece by piece as it comes. Raises Problem, ServerAway."""
        wanted = {name: value for name, value in query.items() if value is not None}
        answer = self._ask("GET", PREFIX + path, params=wanted, stream=True)
        if not answer.ok:
            raise _problem(answer, self._json(answer))
        answer.encoding = "utf-8"
        try:
            yield from answer.iter_content(chunk_size=None, decode_unicode=True)
        except requests.RequestException as error:
            raise ServerAway("The file broke off before its end: what came is not whole, try again.") from error

    def _send(self, method: str, path: str, *, patience: float = 0, **parts: Any) -> Reply:
        return self._reply(self._ask(method, path, patience=patience, **parts))

    def _ask(self, method: str, path: str, *, patience: float = 0, **parts: Any) -> requests.Response:
        timeout = (CONNECT_SECONDS, ANSWER_SECONDS + patience)
        try:
            answer = self._http.request(method, self.place.url + path, timeout=timeout, allow_redirects=False, **parts)
        except requests.Timeout as error:
            raise ServerAway(f"The server at {self.place.url} did not answer in time: try again.") from error
        except requests.RequestException as error:
            raise ServerAway(
                f"There is no Meshdesk at {self.place.url}: see that it runs, or set MESHDESK_URL or --url."
            ) from error
        return answer

    def _reply(self, answer: requests.Response) -> Reply:
        body = self._json(answer)
        if not answer.ok:
            raise _problem(answer, body)
        following = answer.links.get("next", {}).get("url")
        parts = urlsplit(following) if following else None
        return Reply(body, answer.headers.get("ETag"), f"{parts.path}?{parts.query}" if parts else None)

    def _json(self, answer: requests.Response) -> Any:
        try:
            return _decoded(answer)
        except ValueError as error:
            raise ServerAway(
                f"{self.place.url} answered {answer.status_code} {answer.reason}, but not as a Meshdesk: "
                "see that MESHDESK_URL is right and that what stands before the server is well."
            ) from error


def _decoded(answer: requests.Response) -> Any:
    if answer.is_redirect or "json" not in answer.headers.get("Content-Type", ""):
        raise ValueError("not JSON")
    return answer.json()


def _problem(answer: requests.Response, body: Any) -> Problem:
    found = body if isinstance(body, dict) else {}
    errors = found.get("errors") if isinstance(found.get("errors"), dict) else {}
    # The detail of wrong fields is the same sentences once more, in one line.
    said = f"{found.get('title')}:" if errors else found.get("detail") or found.get("title")
    sentence = str(said or f"The server answered {answer.status_code}.")
    if answer.status_code >= SERVER_ERROR and found.get("request_id"):
        sentence += f" Name request {found['request_id']} to your platform operators."
    return Problem(sentence, status=answer.status_code, errors=errors or {})


def with_desk(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of the place and, as its first argument, the desk there."""

    @place_options
    @click.pass_context
    @functools.wraps(command)
    def talking(ctx: click.Context, /, *args: Any, **options: Any) -> None:
        remember_place(ctx, **{name: options.pop(name) for name in OPTIONS})
        with Desk(place_of(ctx)) as desk:
            command(desk, *args, **options)

    return talking
