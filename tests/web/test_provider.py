"""Against a real OpenID provider in a process of its own: the whole way in, the API by its token, the way out."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from portal.config import Config
from portal.db import Database
from portal.embedded import free_port
from portal.models import GroupRole, Role, Tenant
from tests.shelf import address
from tests.web.browser import Browser
from tests.web.conftest import HOME, KEY

PEOPLE = [
    {"sub": "1001", "preferred_username": "member", "name": "Somebody of Emojis"},
    {"sub": "1002", "preferred_username": "newcomer", "name": "Somebody new", "groups": ["mesh-books", "all"]},
    {"sub": "1003", "preferred_username": "stranger", "groups": []},
]


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of the provider, once it answers."""
    port = free_port()
    people = [word for one in PEOPLE for word in ("--user-claims", json.dumps(one))]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", *people]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 40
    while True:
        try:
            requests.get(f"{address}/.well-known/openid-configuration", timeout=2).raise_for_status()
            return
        except requests.RequestException:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture
def browser(provider: str, database: Database, tmp_path: Path) -> Iterator[Browser]:
    config = Config(
        var=tmp_path,
        database_url=address(database),
        public_url=HOME,
        secret_key=KEY,
        oidc_issuer=provider,
        oidc_client_id="meshdesk",
        oidc_client_secret="known-to-both",
    )
    with database.unit_of_work() as session:
        books = session.query(Tenant).filter_by(name="books").one()
        session.add(GroupRole(name="mesh-books", tenant_id=books.id, role=Role.MEMBER))
    with Browser.at(config) as opened:
        yield opened


def way_in(browser: Browser, sub: str) -> str:
    """Agree there as somebody, and come back; the address to which one is led then."""
    agreed = requests.post(browser.begin(), data={"sub": sub}, allow_redirects=False, timeout=10)
    back = urlsplit(agreed.headers["Location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"{HOME}/sign-in/callback"
    answer = browser.get(f"{back.path}?{back.query}")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_a_person_of_the_registry_signs_in(browser: Browser) -> None:
    assert way_in(browser, "1001") == "/"
    page = browser.get("/settings").text
    assert "<code>member</code>" in page
    assert "your name in the registry" in page
    assert "had no claim <code>groups</code>" in page


def test_somebody_new_has_the_roles_of_their_groups(browser: Browser) -> None:
    way_in(browser, "1002")
    page = browser.get("/settings").text
    assert "Somebody new" in page
    assert "group <code>mesh-books</code>" in page
    assert "<li><code>all</code></li>" in page


def test_somebody_in_no_tenant_gets_a_page_that_helps(browser: Browser) -> None:
    way_in(browser, "1003")
    answer = browser.get("/")
    assert answer.status_code == 200
    assert "You are in no tenant yet" in answer.text
    assert "The operator" in answer.text


def test_signing_out_ends_the_session_there_too(browser: Browser, provider: str) -> None:
    way_in(browser, "1001")
    answer = browser.send("/sign-out")
    assert answer.status_code == 200
    onward = urlsplit(answer.headers["Refresh"].removeprefix("0; url="))
    assert f"{onward.scheme}://{onward.netloc}{onward.path}" == f"{provider}/oauth2/end_session"
    assert parse_qs(onward.query) == {"client_id": ["meshdesk"], "post_logout_redirect_uri": [f"{HOME}/sign-in"]}
    assert requests.get(onward.geturl(), timeout=10).status_code == 200
    assert browser.get("/").headers["Location"] == "/sign-in"


def test_who_declines_there_is_told_so(browser: Browser) -> None:
    declined = requests.post(browser.begin(), data={"action": "deny"}, allow_redirects=False, timeout=10)
    back = urlsplit(declined.headers["Location"])
    # It leaves the state out, which no answer may: that alone has it refused.
    assert browser.get(f"{back.path}?{back.query}").status_code == 401
