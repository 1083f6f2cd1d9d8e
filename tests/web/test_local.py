"""The local sign-in of `make run`: anybody as anybody, on this machine, on SQLite, and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.config import Config
from portal.db import Database
from tests import world
from tests.web.browser import Browser


@pytest.fixture
def config(migrated_sqlite: Path, tmp_path: Path) -> Config:
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}"
    database = Database(url)
    with database.unit_of_work() as session:
        world.build(session)
    database.dispose()
    return Config(var=tmp_path, database_url=url, local_sign_in=True)


@pytest.fixture
def browser(config: Config) -> Iterator[Browser]:
    with Browser.at(config) as opened:
        yield opened


def test_there_is_a_button_for_a_person_of_each_role(browser: Browser) -> None:
    page = browser.get("/sign-in").text
    for name in world.ROLES:
        assert f'name="name" value="{name}"' in page
    for words in ("Member of Emojis", "Security partner of Books", "Operator of the platform", "Auditor"):
        assert words in page


def test_a_button_signs_in_and_out_again(browser: Browser) -> None:
    answer = browser.send("/sign-in/local", page="/sign-in", name="partner", next="/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = browser.get("/settings").text
    assert "by the local sign-in" in page
    assert "Security partner" in page
    assert browser.send("/sign-out").headers["Location"] == "/sign-in"
    assert browser.get("/").status_code == 303


def test_the_secret_of_the_form_before_is_none_of_the_session(browser: Browser) -> None:
    before = browser.form_token("/sign-in")
    browser.post("/sign-in/local", {"form_token": before, "name": "member"})
    assert browser.cookie("meshdesk") is not None
    assert browser.post("/sign-out", {"form_token": before}).status_code == 403


def test_nobody_is_signed_in_without_a_form_of_ours(browser: Browser) -> None:
    assert browser.post("/sign-in/local", {"name": "operator"}).status_code == 403
    token = browser.form_token("/sign-in")
    elsewhere = {"Origin": "http://evil.example:8000"}
    assert browser.post("/sign-in/local", {"name": "operator", "form_token": token}, **elsewhere).status_code == 403
    assert browser.cookie("meshdesk") is None


@pytest.mark.parametrize("name", ["nobody", "", "meshdesk-worker"])
def test_only_people_with_a_role_can_be_chosen(browser: Browser, name: str) -> None:
    assert browser.send("/sign-in/local", page="/sign-in", name=name).status_code == 404


@pytest.mark.parametrize(
    ("address", "headers", "remote"),
    [
        ("http://evil.example:8000", {}, "127.0.0.1"),
        ("http://localhost:8000", {"X-Forwarded-For": "192.0.2.7"}, "127.0.0.1"),
        ("http://localhost:8000", {}, "192.0.2.7"),
    ],
)
def test_it_answers_this_machine_only(browser: Browser, address: str, headers: dict[str, str], remote: str) -> None:
    where = {"REMOTE_ADDR": remote}
    answer = browser.client.get("/sign-in", base_url=address, headers=headers, environ_overrides=where)
    assert answer.status_code == 403
    assert "member" not in answer.text


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost:9000"])
def test_every_address_of_loopback_is_this_machine(browser: Browser, address: str) -> None:
    assert browser.client.get("/sign-in", base_url=address).status_code == 200


def test_its_sessions_count_only_while_it_is_on(browser: Browser, config: Config) -> None:
    browser.send("/sign-in/local", page="/sign-in", name="operator")
    secret, other = browser.cookie("meshdesk"), browser.another()
    other.hold(str(secret), "meshdesk")
    assert other.get("/").status_code == 200
    with Browser.at(Config(var=config.var, database_url=config.database_url)) as without:
        without.hold(str(secret), "meshdesk")
        assert without.get("/").headers["Location"] == "/sign-in"


def test_without_it_there_is_no_such_door(config: Config) -> None:
    with Browser.at(Config(var=config.var, database_url=config.database_url)) as browser:
        page = browser.get("/sign-in")
        assert page.status_code == 200
        assert "Pages have no sign-in here" in page.text
        assert browser.get("/sign-in/provider").status_code == browser.get("/sign-in/callback").status_code == 404
        assert browser.post("/sign-in/local", {"name": "operator"}).status_code == 403
