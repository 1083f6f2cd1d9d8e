"""`meshdesk db`: the schema goes up, down and is checked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from portal.db import Database
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


def test_up_check_down_and_up_again(run: Run) -> None:
    assert "at revision 0" in run("db", "upgrade").output
    assert run("db", "check").exit_code == 0
    assert "it is empty" in run("db", "downgrade", "base").output
    assert run("db", "check").exit_code == 1
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "current").output.startswith("The database is at revision 0")


def test_check_names_what_differs(run: Run, database: Database, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "meshdesk.db") as connection:
        connection.execute("ALTER TABLE tenant DROP COLUMN title")
    connection.close()
    result = run("db", "check")
    assert result.exit_code == 1
    assert "title" in result.stderr
    assert "meshdesk db revision" in result.stderr


def test_check_before_the_first_upgrade_says_what_to_do(run: Run) -> None:
    result = run("db", "check")
    assert result.exit_code == 1
    newest = max(path.name for path in (ROOT / "migrations" / "versions").glob("0*.py"))[:4]
    assert result.stderr == f"The database is at no revision, not at {newest}: run `meshdesk db upgrade`.\n"


def test_an_unknown_revision_is_a_sentence(run: Run) -> None:
    result = run("db", "upgrade", "nowhere")
    assert result.exit_code == 1
    assert result.stderr.startswith("The database cannot be migrated: ")


def test_a_command_on_a_database_without_tables_says_so(run: Run) -> None:
    result = run("token", "list")
    assert result.exit_code == 1
    assert "meshdesk db upgrade" in result.stderr
    assert "SELECT" not in result.stderr


def test_rows_that_refer_to_a_rebuilt_table_stay(run: Run, database: Database, tmp_path: Path) -> None:
    """The engine enforces foreign keys; a migration must not lose rows over a table that batch mode rebuilds."""
    with sqlite3.connect(tmp_path / "meshdesk.db") as connection:
        connection.execute("INSERT INTO person (id, name, title, active) VALUES (1, 'member', '', 1)")
        connection.execute(
            "INSERT INTO membership (person_id, role) VALUES (1, 'platform-operator')",
        )
    connection.close()
    assert run("db", "upgrade").exit_code == 0
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM membership").scalar() == 1
