"""What a person does with a browser: goes to pages, follows redirects, sends the forms that the pages have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal.config import Config
from tests.applications import lent
from tests.web.issuer import Issuer

TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass(frozen=True)
class Browser:
    """One browser with its cookies."""

    app: Flask
    client: FlaskClient
    home: str
    issuer: Issuer | None

    @classmethod
    @contextmanager
    def at(cls, config: Config, issuer: Issuer | None = None) -> Iterator[Browser]:
        """A browser at a web process of its own."""
        with lent(config) as app:
            yield cls(app, app.test_client(), config.public_url or "http://localhost:8000", issuer)

    def another(self) -> Browser:
        """Another browser at the same process."""
        return Browser(self.app, self.app.test_client(), self.home, self.issuer)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Go to a page."""
        return self.client.get(path, base_url=self.home, **options)

    def post(self, path: str, form: Mapping[str, Any] | None = None, **headers: str) -> TestResponse:
        """Send a form as it is given."""
        return self.client.post(path, data=form or {}, base_url=self.home, headers=headers)

    def send(self, path: str, page: str = "/", **form: str) -> TestResponse:
        """Send a form with the token that a page has."""
        return self.post(path, {"form_token": self.form_token(page), **form})

    def form_token(self, page: str = "/") -> str:
        """The token of the forms of a page."""
        found = TOKEN.search(self.get(page).text)
        assert found is not None
        return found[1]

    def begin(self, then: str = "") -> str:
        """Go to the identity provider; the address there."""
        answer = self.get(f"/sign-in/provider?{urlencode({'next': then})}")
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def come_back(self, query: dict[str, str]) -> TestResponse:
        """Come back from the identity provider."""
        return self.get(f"/sign-in/callback?{urlencode(query)}")

    def sign_in(self, **claims: Any) -> TestResponse:
        """The whole way to the identity provider and back, as somebody of whom it says this."""
        assert self.issuer is not None
        self.issuer.claims.update(claims)
        return self.come_back(self.issuer.agree(self.begin()))

    def cookie(self, name: str = "__Host-meshdesk") -> str | None:
        """What it holds under a name."""
        found = self.client.get_cookie(name, domain=self.home.split("/")[2].split(":")[0])
        return None if found is None else found.value

    def hold(self, value: str, name: str = "__Host-meshdesk") -> None:
        """Put a cookie into it, as somebody else might have."""
        self.client.set_cookie(
            name, value, domain=self.home.split("/")[2].split(":")[0], secure=name.startswith("__Host-")
        )
