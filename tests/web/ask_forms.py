"""What people do on the pages of asking: fill in the form of a kind, check it, send it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.web.browser import TOKEN, Browser

KEY = re.compile(r'name="key" value="([0-9a-f]+)"')
EXCEPTION: dict[str, Any] = {
    "cluster": "practice",
    "namespace": "emojivoto",
    "workload": ["deployment/emoji", "deployment/voting"],
    "mode": "skip-ports",
    "inbound": "8080, 9000-9010",
    "outbound": "",
    "encrypted": "yes",
    "how": "TLS 1.3 in the server",
    "duration": "PT30M",
    "reason": "vendor protocol breaks behind a proxy",
}
"""What is typed for a good encryption exception, as the address of the form may say it too."""


def form_page(browser: Browser, kind: str, **typed: Any) -> TestResponse:
    """The form of a kind, filled in by its address."""
    return browser.get(f"/new/{kind}?{urlencode(typed, doseq=True)}")


def fill(browser: Browser, kind: str, path: str, **typed: Any) -> TestResponse:
    """Send the form of a kind as it was typed, with the token and the key that its page has unless they are given."""
    page = form_page(
        browser, kind, **{name: typed[name] for name in ("cluster", "namespace", "renews") if name in typed}
    )
    token, key = TOKEN.search(page.text), KEY.search(page.text)
    assert token is not None
    hidden = {"form_token": token[1], **({"key": key[1]} if key else {})}
    return browser.post(path, {**hidden, **typed})


def check(browser: Browser, kind: str = "encryption-exception", **typed: Any) -> TestResponse:
    """Press Check."""
    return fill(browser, kind, f"/new/{kind}/preview", **typed)


def send(browser: Browser, kind: str = "encryption-exception", **typed: Any) -> TestResponse:
    """Press Send."""
    return fill(browser, kind, f"/new/{kind}", **typed)


def wrong(page: str) -> dict[str, str]:
    """What a page says is wrong, by field."""
    found = re.findall(r'id="wrong-([a-z_]+)" data-part="[^"]+">([^<]+)</p>', page)
    return dict(found)


class Controls(HTMLParser):
    """What a browser would send of the form of a page as it stands: `sent`, by name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.text = ""
        self.feed(page.partition('id="asking"')[2].partition("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a control that has a value."""
        found = dict(attrs)
        name, value = found.get("name") or "", found.get("value") or ""
        ticking = found.get("type") in ("checkbox", "radio")
        if tag == "textarea":
            self.text = name
        elif tag == "input" and ("checked" in found or not ticking):
            self.sent.setdefault(name, []).append(value)
        elif tag == "option" and "selected" in found:
            self.sent.setdefault("about", []).append(value)

    def handle_data(self, data: str) -> None:
        """Note what stands in a text field, without the line's end that begins it."""
        if self.text:
            self.sent.setdefault(self.text, []).append(data.removeprefix("\n"))
            self.text = ""
