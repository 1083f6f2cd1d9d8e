"""Errors and headers: every error under /api/ has one shape, tells nothing of the inside and names the request."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal import create_app
from portal.config import Config
from portal.http import JsonLines
from tests import world
from tests.api.conftest import database_of
from tests.api.desk import Desk

WORD = "a-word-of-the-body"
SHAPE = {"type", "title", "status", "detail", "instance", "request_id"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/no-such-thing", 404),
        ("GET", "/api/no-such-thing", 404),
        ("DELETE", "/api/v1/tickets/MD-1", 405),
        ("PUT", "/api/v1/tickets", 405),
        ("GET", "/api/v1/tickets/MD-999", 404),
    ],
)
def test_errors_are_problems(desk: Desk, method: str, path: str, status: int) -> None:
    answer = desk.send(method, path, "member")
    said = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert set(said) == SHAPE
    assert (said["status"], said["instance"]) == (status, path)
    assert said["type"].startswith("/api/docs#problem-")
    assert said["request_id"] == answer.headers["X-Request-ID"]


def test_a_405_says_what_is_allowed(desk: Desk) -> None:
    answer = desk.send("DELETE", "tickets", "member")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert "GET" in answer.get_json()["detail"]


def test_pages_are_not_answered_as_json(desk: Desk) -> None:
    assert desk.get("/no-such-page").mimetype == "text/html"


def test_what_is_unexpected_is_a_500_that_tells_nothing(own_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        raise RuntimeError("password=hunter2")

    own_app.add_url_rule("/api/broken", view_func=broken)
    answer = own_app.test_client().get("/api/broken", headers={"X-Request-ID": "story-1"})
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "hunter2" not in answer.text
    assert answer.get_json()["request_id"] == "story-1"
    assert "hunter2" in caplog.text


def test_a_database_that_is_away_is_503(tmp_path: Path) -> None:
    app = create_app(Config(var=tmp_path, database_url=f"sqlite:///{tmp_path}/nowhere/meshdesk.db"))
    answer = app.test_client().get("/api/v1/me", headers=world.bearer("member"))
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert "sqlite" not in answer.text.lower()


def test_the_log_of_a_database_error_has_no_values(own_app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> str:
        with database_of(own_app).reading() as session:
            session.execute(text("SELECT nothing FROM nowhere WHERE word = :word"), {"word": WORD})
        return ""

    own_app.add_url_rule("/api/broken", view_func=broken)
    answer = own_app.test_client().get("/api/broken")
    assert answer.status_code in (500, 503)
    assert "nowhere" not in answer.text
    assert "nowhere" in caplog.text
    assert WORD not in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/docs", "/api/openapi.json", "/healthz", "/nowhere", "/api/v1/x"])
def test_every_answer_has_the_security_headers(desk: Desk, path: str) -> None:
    headers = desk.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    scripts = re.findall("script-src ([^;]*)", headers["Content-Security-Policy"])
    assert set(scripts) <= {"'self'"}
    assert headers.get("Cache-Control") == "no-store" or not path.startswith("/api/v1")


@pytest.mark.parametrize(("given", "kept"), [("story-1", True), ("a b", False), ("x" * 65, False), ("<script>", False)])
def test_request_ids_are_taken_over_when_they_are_harmless(desk: Desk, given: str, kept: bool) -> None:
    assert (desk.get("me", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given) is kept


def test_the_log_has_a_line_a_request_without_bodies_or_tokens(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    caplog.handler.setFormatter(JsonLines())
    desk.post("tickets", world.ask(reason=WORD), headers={"X-Request-ID": "story-1"})
    line = next(json.loads(text) for text in caplog.text.splitlines() if '"message": "request"' in text)
    assert {name: line[name] for name in ("method", "path", "status", "actor")} == {
        "method": "POST",
        "path": "/api/v1/tickets",
        "status": 201,
        "actor": "member",
    }
    assert WORD not in caplog.text
    assert world.TOKENS["member"] not in caplog.text


def test_an_address_with_nul_is_refused(desk: Desk) -> None:
    for path in ("tickets?tenant=%00", "clusters/a%00b/namespaces", "tickets/MD-1%00"):
        assert desk.get(path).status_code == 400
