"""Sessions of browsers: the cookie, what ends them, and that nobody is signed in by somebody else's doing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.access.tokens import digest_of
from portal.config import Config
from portal.db import Database, database_now
from portal.models import Person, WebSession
from portal.tickets import people
from tests import world
from tests.web.browser import Browser
from tests.web.issuer import Issuer

SCRIPT = re.compile(r"<script[^>]*>")


def rows(database: Database) -> list[WebSession]:
    with database.reading() as session:
        return list(session.scalars(select(WebSession).order_by(WebSession.id)))


def age(database: Database, **back: timedelta) -> None:
    """Move a session's times into the past."""
    with database.unit_of_work() as session:
        for row in session.scalars(select(WebSession)):
            for column, span in back.items():
                setattr(row, column, getattr(row, column) - span)


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/").status_code == 200


def test_the_cookie_is_out_of_reach(browser: Browser, database: Database) -> None:
    given = [line for line in browser.sign_in().headers.getlist("Set-Cookie") if line.startswith("__Host-meshdesk=")]
    assert len(given) == 1
    flags = {part.strip().split("=")[0] for part in given[0].split(";")[1:]}
    assert flags == {"Secure", "HttpOnly", "Path", "SameSite", "Max-Age", "Expires"}
    assert "SameSite=Lax" in given[0]
    assert "Path=/;" in given[0] + ";"
    secret = browser.cookie()
    assert secret is not None
    assert [row.digest for row in rows(database)] == [digest_of(secret)]


def test_on_loopback_there_is_no_tls(config: Config, issuer: Issuer) -> None:
    with Browser.at(replace(config, public_url="http://localhost:8000"), issuer) as browser:
        given = [line for line in browser.sign_in().headers.getlist("Set-Cookie") if line.startswith("meshdesk=")]
    assert len(given) == 1
    assert "Secure" not in given[0]
    assert "HttpOnly" in given[0]


def test_a_session_that_was_put_into_a_browser_is_not_taken_over(browser: Browser, database: Database) -> None:
    browser.hold("chosen-by-somebody-else")
    assert not is_signed_in(browser)
    browser.sign_in()
    assert browser.cookie() != "chosen-by-somebody-else"
    thief = browser.another()
    thief.hold("chosen-by-somebody-else")
    assert not is_signed_in(thief)


def test_signing_in_again_is_a_new_session_and_ends_the_old(browser: Browser, database: Database) -> None:
    browser.sign_in()
    old = browser.cookie()
    browser.sign_in()
    assert browser.cookie() != old
    assert [row.ended_at is not None for row in rows(database)] == [True, False]
    other = browser.another()
    other.hold(str(old))
    assert not is_signed_in(other)


@pytest.mark.parametrize(
    ("back", "lasts"),
    [
        ({"last_used_at": timedelta(hours=1)}, True),
        ({"last_used_at": timedelta(hours=2, seconds=1)}, False),
        ({"expires_at": timedelta(hours=11)}, True),
        ({"expires_at": timedelta(hours=12)}, False),
    ],
    ids=str,
)
def test_sessions_end_by_themselves(browser: Browser, database: Database, back: Any, lasts: bool) -> None:
    browser.sign_in()
    age(database, **back)
    assert is_signed_in(browser) is lasts


def test_sessions_that_are_over_are_forgotten(browser: Browser, database: Database) -> None:
    browser.sign_in()
    age(database, expires_at=timedelta(hours=13))
    browser.another().sign_in()
    assert len(rows(database)) == 1


def test_use_is_remembered_once_a_minute(browser: Browser, database: Database) -> None:
    browser.sign_in()
    first = rows(database)[0].last_used_at
    assert is_signed_in(browser)
    assert rows(database)[0].last_used_at == first
    age(database, last_used_at=timedelta(minutes=2))
    assert is_signed_in(browser)
    assert rows(database)[0].last_used_at >= first


def deactivate(database: Database) -> None:
    with database.unit_of_work() as session:
        by, now = world.actor(session, "operator"), database_now(session)
        people.deactivate(session, "member", reason="left", by=by, now=now)


def drop(database: Database) -> None:
    with database.unit_of_work() as session:
        session.scalars(select(Person).where(Person.name == "member")).one().active = False


@pytest.mark.parametrize("end", [deactivate, drop])
def test_it_ends_with_the_person(browser: Browser, database: Database, end: Callable[[Database], None]) -> None:
    browser.sign_in()
    end(database)
    assert not is_signed_in(browser)
    assert browser.post("/sign-out", {"form_token": "x"}).status_code == 403


def test_who_was_deactivated_cannot_sign_in_again(browser: Browser, database: Database) -> None:
    browser.sign_in()
    deactivate(database)
    answer = browser.sign_in()
    assert answer.status_code == 403
    assert "deactivated you" in answer.text


def test_signing_out_ends_it(browser: Browser, database: Database) -> None:
    browser.sign_in()
    secret = browser.cookie()
    assert browser.send("/sign-out").status_code == 303
    assert browser.cookie() is None
    browser.hold(str(secret))
    assert not is_signed_in(browser)


def test_one_ends_ones_own_sessions_elsewhere_and_nobody_elses(browser: Browser, database: Database) -> None:
    browser.sign_in()
    elsewhere, other = browser.another(), browser.another()
    elsewhere.sign_in()
    other.sign_in(sub="s-2", preferred_username="owner")
    first, second, third = (row.id for row in rows(database))
    assert browser.send(f"/sessions/{third}/end").status_code == 404
    assert browser.send(f"/sessions/{second}/end").headers["Location"] == "/settings?done=ended"
    assert (is_signed_in(browser), is_signed_in(elsewhere), is_signed_in(other)) == (True, False, True)
    assert browser.send("/sessions/0/end").status_code == 404
    assert browser.send(f"/sessions/{2**63}/end").status_code == 404
    assert browser.send(f"/sessions/{first}/end").status_code == 303
    assert not is_signed_in(browser)


@pytest.mark.parametrize("path", ["/sign-out", "/sessions/1/end"])
@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ({}, {}),
        ({"form_token": ""}, {}),
        ({"form_token": "0" * 64}, {}),
        ({"form_token": "é"}, {}),
        (None, {"Origin": "https://evil.example"}),
        (None, {"Origin": "null"}),
        (None, {"Sec-Fetch-Site": "cross-site"}),
        (None, {"Sec-Fetch-Site": "same-site"}),
    ],
    ids=str,
)
def test_forms_of_elsewhere_change_nothing(
    browser: Browser, path: str, form: dict[str, str] | None, headers: dict[str, str]
) -> None:
    browser.sign_in()
    sent = {"form_token": browser.form_token()} if form is None else form
    answer = browser.post(path, sent, **headers)
    assert answer.status_code == 403
    assert "nothing was changed" in answer.text
    assert is_signed_in(browser)


def test_the_token_of_another_session_is_none(browser: Browser) -> None:
    browser.sign_in()
    other = browser.another()
    other.sign_in()
    assert browser.post("/sign-out", {"form_token": other.form_token()}).status_code == 403


def test_a_form_of_ours_is_taken(browser: Browser) -> None:
    browser.sign_in()
    form = {"form_token": browser.form_token()}
    origin = {"Origin": browser.home, "Sec-Fetch-Site": "same-origin"}
    assert browser.post("/sign-out", form, **origin).status_code == 303


def test_a_cookie_signs_nobody_in_to_the_api(browser: Browser) -> None:
    browser.sign_in()
    assert browser.get("/api/v1/me").status_code == 401


def test_who_is_not_signed_in_is_led_to_the_sign_in(browser: Browser) -> None:
    assert browser.get("/").headers["Location"] == "/sign-in"
    assert "Sign in with your identity provider" in browser.get("/sign-in").text
    browser.sign_in()
    assert browser.get("/sign-in?next=/x").headers["Location"] == "/x"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/sign-in/callback"])
def test_pages_take_nothing_from_elsewhere_and_are_kept_nowhere(browser: Browser, path: str) -> None:
    browser.sign_in()
    answer = browser.get(path)
    if answer.status_code == 200:
        # None of it stands in the page itself.
        assert set(SCRIPT.findall(answer.text)) == {'<script type="module" src="/static/meshdesk.js">'}
        assert " style=" not in answer.text
    if answer.mimetype == "text/html" and answer.status_code != 303:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "form-action 'self'" in policy
        assert answer.headers["Cache-Control"] == "no-store"


def test_the_assets_are_served(browser: Browser) -> None:
    for name, kind in (
        ("meshdesk.css", "text/css"),
        ("meshdesk.svg", "image/svg+xml"),
        ("meshdesk.js", "text/javascript"),
    ):
        with browser.get(f"/static/{name}") as answer:
            assert (answer.status_code, answer.mimetype) == (200, kind)


def test_what_the_provider_says_is_escaped(browser: Browser) -> None:
    browser.sign_in(sub="s-3", preferred_username="new", name="<b>bold</b>", groups=["<i>group</i>"])
    page = browser.get("/settings").text
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
