"""A site for the browser: the application of tests/web on a port of its own, and a visit to it as anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from playwright.sync_api import Browser as Chromium
from werkzeug.serving import make_server

from tests.web.browser import Browser
from tests.web.chromium.visiting import PLAIN, Look, Visit, visiting

Visiting = Callable[..., Visit]


@pytest.fixture
def site(local: Browser) -> Iterator[str]:
    """The address of the pages, served by threads of this process."""
    server = make_server("127.0.0.1", 0, whole(local.app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def whole(app: WSGIApplication) -> WSGIApplication:
    """The application, whose answers are made before they are sent.

    Werkzeug's server leaves a file open that it was sending when the browser went away.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        found = app(environ, start_response)
        try:
            return [b"".join(found)]
        finally:
            # An answer without a body is a plain tuple.
            getattr(found, "close", bool)()

    return answer


@pytest.fixture
def visit(chromium: Chromium, site: str) -> Iterator[Visiting]:
    """`visit("member", Look("dark", 360))`: a browser of its own that is signed in as that person."""
    with ExitStack() as opened:

        def open_one(name: str | None, look: Look = PLAIN) -> Visit:
            context: AbstractContextManager[Visit] = visiting(chromium, site, name, look)
            return opened.enter_context(context)

        yield open_one
