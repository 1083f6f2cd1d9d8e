"""What people do on the pages of Settings and Admin: read what a list shows, and send its forms."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.test import TestResponse

from tests.web.browser import Browser

SECRET = re.compile(r"mdt_[A-Za-z0-9_-]{43}")
TERMS = {"name": "report at night", "scopes": ["read", "request"], "number": "30", "unit": "days"}


def send(browser: Browser, path: str, page: str, **form: Any) -> TestResponse:
    """Send a form with the token that a page has; a list is a field that is sent several times."""
    sent = {"form_token": browser.form_token(page), **form}
    return browser.client.post(path, data=sent, base_url=browser.home)


def actions(page: str, pattern: str) -> list[str]:
    """What stands in place of the group in each address to which a form of the page is posted."""
    return re.findall(f'method="post" action="{pattern}"', page)
