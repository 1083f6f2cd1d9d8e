"""What comes back from the provider is believed only when every part of it fits the sign-in that was begun."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from portal.access.oidc import documents
from portal.config import Config
from tests.web.browser import Browser
from tests.web.issuer import Issuer

NOT_SIGNED = "is no JWT that the identity provider signed"


def refused(browser: Browser, status: int = 401) -> str:
    """What the page says to a sign-in that must not succeed."""
    answer = browser.sign_in()
    assert (answer.status_code, answer.mimetype) == (status, "text/html"), answer.text
    assert browser.cookie() is None
    return answer.text


def test_a_good_answer_signs_in(browser: Browser) -> None:
    assert browser.sign_in().headers["Location"] == "/"
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://login.example.org"},
        {"aud": "another-client"},
        {"aud": ["meshdesk", "another"], "azp": "another"},
        {"exp": timedelta(seconds=-61)},
        {"iat": timedelta(seconds=3600)},
        {"nbf": timedelta(seconds=3600)},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": None},
        {"sub": None},
        {"exp": "soon"},
        {"sub": 17},
        {"at_hash": "of-another-token"},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(browser: Browser, issuer: Issuer, wrong: dict[str, Any]) -> None:
    issuer.claims.update(wrong)
    refused(browser)


@pytest.mark.parametrize(
    "skew", [{"exp": timedelta(seconds=-20)}, {"iat": timedelta(seconds=40)}, {"nbf": timedelta(seconds=40)}], ids=str
)
def test_clocks_may_differ_a_little(browser: Browser, skew: dict[str, Any]) -> None:
    assert browser.sign_in(**skew).status_code == 303


def test_a_token_without_a_signature_is_refused(browser: Browser, issuer: Issuer) -> None:
    issuer.sealed = issuer.unsigned()
    assert NOT_SIGNED in refused(browser)


def test_the_public_key_is_no_shared_secret(browser: Browser, issuer: Issuer) -> None:
    issuer.sealed = issuer.signed_by_public_key()
    assert NOT_SIGNED in refused(browser)


def test_another_key_of_the_same_name_is_refused(browser: Browser, issuer: Issuer) -> None:
    forged = RSAKey.generate_key(2048, {"kid": issuer.key.kid}, private=True)
    issuer.sealed = issuer.token(key=forged)
    assert NOT_SIGNED in refused(browser)


def test_a_rotated_key_is_fetched(browser: Browser, issuer: Issuer) -> None:
    assert browser.sign_in().status_code == 303
    issuer.rotate()
    assert browser.another().sign_in().status_code == 303
    assert issuer.asked["/jwks"] == 2


def test_keys_are_not_fetched_in_a_hurry(browser: Browser, issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert browser.sign_in().status_code == 303
    monkeypatch.setattr(documents, "PAUSE_SECONDS", 60.0)
    issuer.header["kid"] = "nobody-knows"
    for _ in range(3):
        assert browser.another().sign_in().status_code == 401
    assert issuer.asked["/jwks"] == 1


def test_an_answer_to_another_sign_in_is_refused(browser: Browser, issuer: Issuer) -> None:
    other = issuer.agree(browser.another().begin())
    browser.begin()
    assert browser.come_back(other).status_code == 401
    assert browser.another().come_back(other).status_code == 401


def test_an_answer_counts_once(browser: Browser, issuer: Issuer) -> None:
    query = issuer.agree(browser.begin())
    handshake = browser.cookie("__Host-meshdesk-sign-in")
    assert browser.come_back(query).status_code == 303
    assert browser.cookie("__Host-meshdesk-sign-in") is None
    assert browser.another().come_back(query).status_code == 401
    # Also for a thief who has the cookie too.
    thief = browser.another()
    assert handshake is not None
    thief.hold(handshake, "__Host-meshdesk-sign-in")
    assert thief.come_back(query).status_code == 401
    assert thief.cookie() is None


def test_a_handshake_that_somebody_else_signed_is_refused(browser: Browser, issuer: Issuer, config: Config) -> None:
    with Browser.at(replace(config, secret_key="another key that is also long enough"), issuer) as other:
        query = issuer.agree(other.begin())
        browser.hold(str(other.cookie("__Host-meshdesk-sign-in")), "__Host-meshdesk-sign-in")
    assert browser.come_back(query).status_code == 401


def test_an_answer_that_names_another_issuer_is_refused(browser: Browser, issuer: Issuer) -> None:
    query = issuer.agree(browser.begin())
    assert browser.come_back({**query, "iss": "https://login.example.org"}).status_code == 401


def test_an_answer_with_an_error_is_told_without_its_words(browser: Browser, issuer: Issuer) -> None:
    state = issuer.agree(browser.begin())["state"]
    answer = browser.come_back({"state": state, "error": "<script>", "error_description": "call 555"})
    assert answer.status_code == 401
    assert "555" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/\tx", "javascript:1"]
)
def test_one_is_led_to_our_own_pages_only(browser: Browser, issuer: Issuer, elsewhere: str) -> None:
    assert browser.come_back(issuer.agree(browser.begin(elsewhere))).headers["Location"] == "/"


def test_one_is_led_to_where_one_wanted_to_go(browser: Browser, issuer: Issuer) -> None:
    query = issuer.agree(browser.begin("/tickets?state=pending"))
    assert browser.come_back(query).headers["Location"] == "/tickets?state=pending"


def test_what_the_token_leaves_out_userinfo_tells(browser: Browser, issuer: Issuer) -> None:
    issuer.claims = {"sub": "subject-1"}
    issuer.userinfo = {"sub": "subject-1", "preferred_username": "member", "groups": ["from-userinfo"]}
    assert browser.sign_in().status_code == 303
    assert "from-userinfo" in browser.get("/settings").text
    issuer.userinfo["sub"] = "subject-2"
    assert browser.another().sign_in().status_code == 401


def test_a_provider_that_is_away_keeps_nothing_else_from_working(browser: Browser, issuer: Issuer) -> None:
    issuer.away = True
    answer = browser.get("/sign-in/provider")
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "identity provider does not answer" in answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert browser.get("/sign-in").status_code == browser.get("/healthz").status_code == 200
    issuer.away = False
    assert browser.sign_in().status_code == 303
    issuer.away = True
    assert browser.get("/").status_code == 200
    assert browser.send("/sign-out").status_code in (200, 303)


def test_a_provider_that_is_away_is_not_asked_by_everybody(
    browser: Browser, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "PAUSE_SECONDS", 60.0)
    issuer.away = True
    assert {browser.get("/sign-in/provider").status_code for _ in range(3)} == {503}
    assert issuer.asked["/.well-known/openid-configuration"] == 1


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"issuer": "https://login.example.org"}, "MESHDESK_OIDC_ISSUER has to be"),
        ({"token_endpoint": "http://login.example.org/token"}, "no token_endpoint that starts with https"),
        ({"jwks_uri": None}, "no jwks_uri"),
    ],
)
def test_a_provider_that_cannot_be_used_is_told(
    browser: Browser, issuer: Issuer, document: dict[str, Any], words: str
) -> None:
    issuer.document = document
    answer = browser.get("/sign-in/provider")
    assert answer.status_code == 500
    assert words in answer.text
