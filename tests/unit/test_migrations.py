"""The migrations go up, down and up again, agree with the models, and never leave half of one behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from portal.errors import ConfigurationError
from portal.migrating import FOLDER, Migrations

ROOT = Path(__file__).parents[2]
BROKEN = '''"""A step that fails half-way."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("SELECT nothing FROM nowhere")
'''


OLD_TICKET = (
    "INSERT INTO tenant (id, name, title, active) VALUES (1, 'emojis', 'Emojis', true)",
    "INSERT INTO person (id, name, title, active) VALUES (1, 'member', 'M', true), (2, 'partner', 'P', true)",
    "INSERT INTO cluster (name, environment, description, active) VALUES ('practice', 'production', '', true)",
    "INSERT INTO ticket (id, tenant_id, requester_id, kind, cluster, namespace, environment, fields, reason, notes, "
    "fingerprint, state, version, created_at, updated_at, rule, rule_reason, approvals, automatic, policy_hash, "
    "progress, attempts) VALUES (1, 1, 1, 'encryption-exception', 'practice', 'emojivoto', 'production', "
    """'{"workloads": ["deployment/emoji"], "inbound": "9000-9010"}', 'The Vendor', '[]', 'f', 'pending', 1, """
    "'2026-01-01 00:00:00', '2026-01-01 00:00:00', 'r', 'r', '[]', false, 'h', '{}', 0)",
    "INSERT INTO decision (id, ticket_id, person_id, decision, roles, note, decided_at) "
    "VALUES (1, 1, 2, 'approve', '[]', 'seen', '2026-01-01 00:00:00')",
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    url = request.getfixturevalue("postgres_url")
    yield url
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def tables(migrations: Migrations) -> set[str]:
    """The tables that the database has."""
    return set(inspect(migrations.engine).get_table_names())


def test_up_down_and_up_again_without_drift(empty_url: str) -> None:
    with Migrations(empty_url) as migrations:
        migrations.upgrade()
        assert migrations.drift() is None
        assert {"ticket", "event", "registry_version"} < tables(migrations)
        migrations.downgrade("base")
        assert tables(migrations) == {"alembic_version"}
        migrations.upgrade()
        assert migrations.drift() is None


def test_tickets_of_before_get_their_words(empty_url: str) -> None:
    with Migrations(empty_url) as migrations:
        migrations.upgrade("0003")
        with migrations.engine.begin() as connection:
            for statement in OLD_TICKET:
                connection.execute(text(statement))
        migrations.upgrade()
        with migrations.engine.begin() as connection:
            found = set(connection.scalars(text("SELECT word FROM ticket_word WHERE ticket_id = 1")))
    assert {"vendor", "deployment/emoji", "emoji", "9005", "emojis", "member", "partner"} <= found


def test_a_step_that_fails_leaves_nothing(empty_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    with Migrations(empty_url, folder=folder) as migrations:
        migrations.upgrade()
        head = migrations.head()
        (folder / "versions" / "9999_broken.py").write_text(BROKEN.format(head=head))
        with pytest.raises(Exception, match="nowhere"):
            migrations.upgrade()
        assert migrations.current() == head
        assert "half" not in tables(migrations)


def test_two_at_once_wait_for_each_other(empty_url: str) -> None:
    words = [sys.executable, "-m", "portal.cli", "db", "upgrade"]
    environ = {**os.environ, "DATABASE_URL": empty_url}
    both = [subprocess.Popen(words, cwd=ROOT, env=environ, stderr=subprocess.PIPE) for _ in range(2)]
    answers = [process.communicate(timeout=60)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    with Migrations(empty_url) as migrations:
        assert migrations.drift() is None


def test_a_place_without_migrations_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="run this from a checkout"):
        Migrations("sqlite://", folder=tmp_path)
