"""JWTs of the identity provider at the API, beside our own tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import g
from joserfc.jwk import RSAKey
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.access.actor import EVERY_SCOPE
from portal.api import sign_in
from portal.db import Database, database_now
from portal.models import GroupRole, Person, PersonGroup, Role
from portal.tickets import people
from tests import world
from tests.web.browser import Browser
from tests.web.issuer import Issuer


def me(browser: Browser, token: str) -> TestResponse:
    return browser.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})


def test_a_token_of_the_provider_signs_in_as_its_person(browser: Browser, issuer: Issuer) -> None:
    answer = me(browser, issuer.token())
    assert answer.status_code == 200
    assert answer.get_json()["name"] == "member"
    assert answer.get_json()["tenants"][0]["roles"] == ["member"]


def test_our_own_tokens_go_on(browser: Browser) -> None:
    assert me(browser, world.TOKENS["owner"]).get_json()["name"] == "owner"
    assert me(browser, "mdt_unknown").status_code == 401


def test_it_may_do_everything_that_the_person_may(browser: Browser, issuer: Issuer) -> None:
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    answer = browser.client.post("/api/v1/tickets", json=world.ask(), headers=headers)
    assert answer.status_code == 201
    assert answer.get_json()["requester"] == "member"
    with browser.app.test_request_context("/api/v1/me", headers=headers):
        browser.app.preprocess_request()
        assert g.actor.scopes == EVERY_SCOPE


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://login.example.org"},
        {"iss": None},
        {"aud": "another"},
        {"aud": []},
        {"aud": None},
        {"exp": timedelta(seconds=-61)},
        {"exp": None},
        {"exp": True},
        {"nbf": timedelta(seconds=3600)},
        {"iat": timedelta(seconds=3600)},
        {"iat": None},
        {"sub": ""},
        {"sub": ["subject-1"]},
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused(browser: Browser, issuer: Issuer, wrong: dict[str, Any]) -> None:
    answer = me(browser, issuer.token(**wrong))
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "good", [{"exp": timedelta(seconds=-20)}, {"nbf": timedelta(seconds=40)}, {"aud": ["x", "meshdesk"]}], ids=str
)
def test_claims_that_fit_are_taken(browser: Browser, issuer: Issuer, good: dict[str, Any]) -> None:
    assert me(browser, issuer.token(**good)).status_code == 200


def test_what_nobody_signed_is_refused(browser: Browser, issuer: Issuer) -> None:
    forged = RSAKey.generate_key(2048, {"kid": issuer.key.kid}, private=True)
    whole = issuer.token()
    broken = [issuer.unsigned(), issuer.signed_by_public_key(), issuer.token(key=forged), whole[:-4] + "AAAA"]
    junk = ["a.b.c", "a.b", "....", "x" * 9000, whole + ".x", f"{whole.split('.')[0]}..", "é.é.é"]
    assert {me(browser, token).status_code for token in [*broken, *junk]} == {401}


@pytest.mark.parametrize(("kind", "status"), [("at+jwt", 200), ("JWT", 200), ("logout+jwt", 401), ("dpop+jwt", 401)])
def test_only_tokens_of_access_and_identity_count(browser: Browser, issuer: Issuer, kind: str, status: int) -> None:
    assert me(browser, issuer.token(header={"typ": kind})).status_code == status


def test_a_rotated_key_is_fetched_and_the_old_one_counts_no_more(browser: Browser, issuer: Issuer) -> None:
    old = issuer.token()
    assert me(browser, old).status_code == 200
    issuer.rotate()
    assert me(browser, issuer.token()).status_code == 200
    assert me(browser, old).status_code == 401


def test_a_provider_that_is_away_is_503_until_its_keys_are_known(browser: Browser, issuer: Issuer) -> None:
    token = issuer.token()
    issuer.away = True
    answer = me(browser, token)
    assert (answer.status_code, answer.get_json()["type"]) == (503, "/api/docs#problem-identity-provider-away")
    assert me(browser, world.TOKENS["owner"]).status_code == 200
    issuer.away = False
    assert me(browser, token).status_code == 200
    issuer.away = True
    assert me(browser, token).status_code == 200


def groups(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(PersonGroup.name)))


def test_groups_are_kept_once_a_minute(
    browser: Browser, issuer: Issuer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.unit_of_work() as session:
        session.add(GroupRole(name="auditors", tenant_id=None, role=Role.AUDITOR))
    assert me(browser, issuer.token(groups=["auditors"])).get_json()["platform_roles"] == ["auditor"]
    assert me(browser, issuer.token(groups=[])).get_json()["platform_roles"] == ["auditor"]
    monkeypatch.setattr(sign_in, "NOTE_EVERY_SECONDS", 0.0)
    assert me(browser, issuer.token(groups=[])).get_json()["platform_roles"] == []
    assert groups(database) == set()


def test_a_person_who_was_deactivated_is_refused_at_once(browser: Browser, issuer: Issuer, database: Database) -> None:
    token = issuer.token()
    assert me(browser, token).status_code == 200
    with database.unit_of_work() as session:
        by, now = world.actor(session, "operator"), database_now(session)
        people.deactivate(session, "member", reason="left", by=by, now=now)
    assert me(browser, token).status_code == 401
    assert me(browser, issuer.token()).status_code == 401
    assert me(browser, world.TOKENS["member"]).status_code == 401


def test_a_name_that_is_bound_to_somebody_else_is_refused(browser: Browser, issuer: Issuer) -> None:
    assert me(browser, issuer.token()).status_code == 200
    answer = me(browser, issuer.token(sub="subject-2"))
    assert answer.status_code == 401
    assert "meshdesk people unbind member" in answer.get_json()["detail"]


def test_somebody_new_becomes_a_person_without_roles(browser: Browser, issuer: Issuer, database: Database) -> None:
    answer = me(browser, issuer.token(sub="s-9", preferred_username="new", name="New One"))
    found = answer.get_json()
    assert (found["name"], found["title"], found["tenants"], found["platform_roles"]) == ("new", "New One", [], [])
    assert sorted(found["scopes"]) == ["decide", "operate", "read", "request"]
    with database.reading() as session:
        assert session.scalars(select(Person).where(Person.name == "new")).one().subject == "s-9"
