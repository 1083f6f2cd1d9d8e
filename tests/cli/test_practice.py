"""`python -m portal.practice`: a person of each role with a token that works, at every start."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import registry
from portal.access import tokens
from portal.config import Config
from portal.db import Database
from portal.errors import ConfigurationError
from portal.models import Person, Role
from portal.practice.__main__ import prepare
from portal.registry.file import load_registry
from tests.cli.conftest import NOW

ROLES = {
    "member": Role.MEMBER,
    "owner": Role.OWNER,
    "partner": Role.PARTNER,
    "partner2": Role.PARTNER,
    "operator": Role.OPERATOR,
    "auditor": Role.AUDITOR,
    "outsider": Role.MEMBER,
    "outsider_partner": Role.PARTNER,
}


def test_every_role_has_a_token_that_works(database: Database, tmp_path: Path) -> None:
    prepare(database, Config(var=tmp_path), NOW)
    found = json.loads((tmp_path / "tokens.json").read_text())
    with database.reading() as session:
        actors = {name: tokens.actor_of(session, token, now=NOW)[0] for name, token in found.items()}
    roles = {name: {role for _, role in one.tenant_roles} | one.platform_roles for name, one in actors.items()}
    assert roles == {name: {role} for name, role in ROLES.items()}
    assert not actors["outsider"].tenant_ids & actors["member"].tenant_ids


def test_starting_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    prepare(database, Config(var=tmp_path), NOW)
    before = (tmp_path / "tokens.json").read_text()
    prepare(database, Config(var=tmp_path), NOW + timedelta(days=3))
    assert (tmp_path / "tokens.json").read_text() == before


def test_nobody_is_anybody_where_people_of_a_provider_have_signed_in(database: Database, tmp_path: Path) -> None:
    local = Config(var=tmp_path, local_sign_in=True)
    prepare(database, local, NOW)
    with database.unit_of_work() as session:
        person = session.scalars(select(Person).where(Person.name == "member")).one()
        person.issuer, person.subject = "https://login.example.org", "s-1"
    prepare(database, Config(var=tmp_path), NOW)
    with pytest.raises(ConfigurationError, match="another folder by VAR"):
        prepare(database, local, NOW)


def test_a_registry_that_somebody_applied_stays(database: Database, tmp_path: Path) -> None:
    prepare(database, Config(var=tmp_path), NOW)
    with database.unit_of_work() as session:
        own = load_registry("clusters: []\npeople: [{name: member}]\noperators: [member]\n")
        registry.apply(session, own, by="operator", now=NOW)
    prepare(database, Config(var=tmp_path), NOW)
    assert set(json.loads((tmp_path / "tokens.json").read_text())) == {"member"}
    with database.reading() as session:
        assert registry.present(session).operators == ("member",)
