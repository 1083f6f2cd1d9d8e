"""The guard in registry.yaml: modes of clusters and namespaces, as a file, in the database and as differences."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal import registry
from portal.configuration_files import FileInvalid
from portal.db import Database
from portal.models import Message
from portal.queries.guard import guard_of
from portal.registry.file import diff, load_registry
from portal.tickets import following
from tests.unit.registry_text import GOOD

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON = GOOD.replace(
    "description: The big one}", "description: The big one, guard: {mode: deny, ask_at: 'https://m.example.com/new'}}"
).replace("environment: staging}", "environment: staging, guard: off}")


def test_a_bare_off_is_a_mode_and_a_namespaces_own_goes_first(database: Database) -> None:
    with database.unit_of_work() as session:
        following.apply(session, load_registry(ON), by="operator", now=NOW)
        found = guard_of(session, "practice")
        assert found.modes == {"emojivoto": "deny", "emojivoto-trial": "off"}
        assert found.ask_at == "https://m.example.com/new"
        assert not guard_of(session, "lab").on
        called = session.query(Message).filter(Message.task == "meshdesk.guard").all()
        assert [(one.subject, one.queue) for one in called] == [("practice", "cluster.practice.apply")]
        assert diff(registry.present(session), load_registry(ON)) == []


def test_what_changes_is_told() -> None:
    told = [str(change) for change in diff(load_registry(GOOD), load_registry(ON))]
    assert told == [
        "~ cluster practice guard off -> deny",
        "~ cluster practice guard asks at none -> https://m.example.com/new",
        "~ namespace practice/emojivoto-trial own guard none -> off",
    ]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("guard: {mode: loud}", "choose one of audit, deny, off, warn"),
        ("guard: {mode: on}", "put it in quotes"),
        ("guard: deny", "Write keys with values here"),
        ("guard: {mode: warn, ask_at: here}", "starts with https://"),
    ],
)
def test_a_mode_that_there_is_not_is_refused_with_its_line(wrong: str, says: str) -> None:
    with pytest.raises(FileInvalid) as refused:
        load_registry(GOOD.replace("description: The big one}", f"description: The big one, {wrong}}}"))
    assert says in str(refused.value)
