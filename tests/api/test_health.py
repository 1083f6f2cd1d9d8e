"""Probes: alive is not ready, and a missing queue degrades without stopping anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from werkzeug.test import TestResponse

from portal import create_app
from portal.api.context import EXTENSION
from portal.config import Config


def probe(path: str, config: Config) -> TestResponse:
    """The answer of an application with these settings."""
    app = create_app(config)
    try:
        return app.test_client().get(path)
    finally:
        app.extensions[EXTENSION].database.dispose()


def away(tmp_path: Path) -> Config:
    """Settings with a database that cannot be opened."""
    return Config(var=tmp_path, database_url=f"sqlite:///{tmp_path}/nowhere/meshdesk.db")


def test_healthz_needs_neither_sign_in_nor_database(tmp_path: Path) -> None:
    answer = probe("/healthz", away(tmp_path))
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_readyz_with_a_queue_is_ok(config: Config, valkey_url: str) -> None:
    answer = probe("/readyz", replace(config, redis_url=valkey_url))
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "database": "ok", "queue": "ok"})


def test_readyz_without_a_queue_is_degraded(config: Config) -> None:
    answer = probe("/readyz", config)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")
    assert answer.get_json()["database"] == "ok"


def test_readyz_with_a_queue_that_is_away_is_degraded(config: Config) -> None:
    answer = probe("/readyz", replace(config, redis_url="redis://:secret@127.0.0.1:1/0"))
    assert (answer.status_code, answer.get_json()["status"]) == (200, "degraded")
    assert "secret" not in answer.text


def test_readyz_without_migrations_is_503(tmp_path: Path) -> None:
    answer = probe("/readyz", Config(var=tmp_path, database_url=f"sqlite:///{tmp_path}/empty.db"))
    assert answer.status_code == 503
    assert "meshdesk db upgrade" in answer.get_json()["database"]


def test_readyz_without_a_database_is_503(tmp_path: Path) -> None:
    assert probe("/readyz", away(tmp_path)).status_code == 503
