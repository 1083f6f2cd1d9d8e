"""`meshdesk token` and the practice run's tokens."""

from __future__ import annotations

import json
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from portal import audit, queries
from portal.access import tokens
from portal.access.actor import Scope
from portal.cli.operating import now
from portal.db import Database
from portal.errors import SignInNeeded
from portal.models import Membership, Person, Role
from portal.practice.tokens import write_tokens
from tests.cli.conftest import NOW, Run


@pytest.fixture
def people(database: Database) -> None:
    """Two people of the registry."""
    with database.unit_of_work() as session:
        member, operator = Person(name="member", title="Member"), Person(name="operator", title="Operator")
        session.add_all([member, operator])
        session.flush()
        session.add(Membership(person_id=operator.id, role=Role.OPERATOR))


@pytest.mark.usefixtures("people")
def test_a_token_works_until_it_is_revoked(run: Run, database: Database) -> None:
    made = run("token", "create", "operator", "--name", "laptop", "--expires", "1d", "--by", "operator").output.strip()
    with database.reading() as session:
        actor, number = tokens.actor_of(session, made, now=now())
        assert actor.name == "operator"
        assert actor.is_operator
        with pytest.raises(SignInNeeded):
            tokens.actor_of(session, made, now=now() + timedelta(days=1, minutes=1))
    listed = run("token", "list").output.splitlines()
    assert listed[0].split() == ["ID", "PERSON", "NAME", "STATE", "EXPIRES", "LAST", "USED"]
    assert listed[1].split()[:4] == [str(number), "operator", "laptop", "works"]
    assert made not in "\n".join(listed)
    assert "works no more" in run("token", "revoke", str(number)).output
    with database.reading() as session, pytest.raises(SignInNeeded):
        tokens.actor_of(session, made, now=now())
    assert run("token", "revoke", str(number)).exit_code == 1


@pytest.mark.usefixtures("people")
def test_making_and_revoking_is_told_by_the_system_chain(run: Run, database: Database) -> None:
    run("token", "create", "member", "--expires", "never", "--by", "operator")
    run("token", "revoke", "1")
    with database.reading() as session:
        told = [(event.type, event.payload) for event in queries.events(session, audit.SYSTEM_CHAIN)]
    every = ["decide", "operate", "read", "request"]
    payload = {"token": 1, "person": "member", "name": "command line", "scopes": every}
    assert told == [("token:made", payload), ("token:revoked", payload)]


@pytest.mark.usefixtures("people")
def test_a_token_may_be_made_for_less(run: Run, database: Database) -> None:
    made = run("token", "create", "operator", "--scope", "request").output.strip()
    with database.reading() as session:
        actor, _ = tokens.actor_of(session, made, now=now())
    assert actor.scopes == {Scope.READ, Scope.REQUEST}
    assert run("token", "create", "operator", "--scope", "everything").exit_code == 2


@pytest.mark.usefixtures("people")
def test_nobody_outside_the_registry_gets_a_token(run: Run) -> None:
    result = run("token", "create", "stranger")
    assert (result.exit_code, result.stderr) == (1, "The registry names no person 'stranger'.\n")
    assert run("token", "create", "member", "--expires", "soon").exit_code == 2


@pytest.mark.usefixtures("people")
def test_practice_tokens_are_private_and_kept_while_they_work(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "practice" / "tokens.json"
    first = write_tokens(database, path, NOW)
    assert set(first) == {"member", "operator"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert write_tokens(database, path, NOW + timedelta(days=1)) == first == json.loads(path.read_text())
    later = write_tokens(database, path, NOW + timedelta(days=90))
    assert later["member"] != first["member"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.usefixtures("people")
def test_practice_tokens_survive_a_spoilt_file(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text("{broken")
    path.chmod(0o644)
    written = write_tokens(database, path, NOW)
    path.write_text(json.dumps({"member": written["operator"]}))
    again = write_tokens(database, path, NOW)
    assert again["member"] != written["operator"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
