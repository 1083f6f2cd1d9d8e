"""`meshdesk audit`: what is unchanged is proven, what was changed is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from portal import audit
from portal.db import Database
from tests.cli.conftest import NOW, Run


@pytest.fixture
def trail(database: Database) -> None:
    """Two chains with three events."""
    with database.unit_of_work() as session:
        for chain, type_ in (("MD-1", "ticket:submitted"), ("MD-1", "ticket:approved"), ("system", "registry:applied")):
            audit.record(session, chain, audit.Deed(type_, "member", {"reason": "because"}), now=NOW)


@pytest.mark.usefixtures("trail")
def test_verify_counts_what_it_proved(run: Run) -> None:
    output = run("audit", "verify").output
    assert output.startswith("Proven: 2 chains, 3 events. Head of the chain system: ")
    assert run("audit", "verify", "md-1").output.startswith("Proven: 1 chain, 2 events. Head of the chain MD-1: ")


@pytest.mark.usefixtures("trail")
def test_verify_names_a_changed_event_and_exits_with_one(run: Run, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "meshdesk.db") as connection:
        connection.execute("UPDATE event SET actor = 'partner' WHERE chain = 'MD-1' AND number = 2")
    connection.close()
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert result.stderr == "MD-1, event 2: the event was changed.\n"
    assert result.stdout == ""


@pytest.mark.usefixtures("trail")
def test_seal_remembers_a_chain_whose_end_vanishes(run: Run, tmp_path: Path) -> None:
    assert run("audit", "seal", "--by", "operator").output.startswith("Sealed by event 2: ")
    assert run("audit", "seal").output == "Nothing grew since the last seal.\n"
    with sqlite3.connect(tmp_path / "meshdesk.db") as connection:
        connection.execute("DELETE FROM event WHERE chain = 'MD-1' AND number = 2")
        first = connection.execute("SELECT hash FROM event WHERE chain = 'MD-1'").fetchone()[0]
        connection.execute("UPDATE audit_chain SET length = 1, sealed = 1, head = ? WHERE name = 'MD-1'", (first,))
    connection.close()
    result = run("audit", "verify")
    assert result.exit_code == 1
    assert "differs from what seal 2 remembers" in result.stderr


@pytest.mark.usefixtures("database")
def test_an_unknown_chain_proves_nothing(run: Run) -> None:
    result = run("audit", "verify", "MD-9")
    assert (result.exit_code, result.stderr) == (1, "There is no chain MD-9.\n")
