"""What people do on a ticket's page: sign in, read the version, send one of its forms."""

from __future__ import annotations

import re

from werkzeug.test import TestResponse

from tests.web.browser import Browser

VERSION = re.compile(r'name="version" value="(\d+)"')


def sign_in(browser: Browser, name: str) -> Browser:
    """Another browser of the process, signed in as somebody."""
    other = browser.another()
    assert other.send("/sign-in/local", page="/sign-in", name=name).status_code == 303
    return other


def act(browser: Browser, ref: str, deed: str, **form: str) -> TestResponse:
    """Send a form of a ticket's page, with the version that the page shows unless another is said."""
    path = f"/tickets/{ref}"
    return browser.send(f"{path}/{deed}", path, **{"version": version_on(browser, ref), **form})


def version_on(browser: Browser, ref: str) -> str:
    found = VERSION.search(browser.get(f"/tickets/{ref}").text)
    assert found is not None
    return found[1]


def forms_on(page: str) -> set[str]:
    """The deeds that a page offers."""
    return set(re.findall(r'action="/tickets/MD-\d+/([a-z-]+)"', page))
