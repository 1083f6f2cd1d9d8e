"""The registry in the database: applied once, shown as a difference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import audit, queries, registry
from portal.access import tokens
from portal.db import Database
from portal.errors import NotFound
from portal.models import Cluster, Person, RegistryVersion, Role
from portal.registry.file import load_registry
from portal.tickets import following

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PRACTICE = (resources.files("portal.practice") / "registry.yaml").read_text("utf-8")


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A unit of work on an empty database."""
    database = Database(database_url)
    with database.unit_of_work() as opened:
        yield opened
    database.dispose()


def applied(session: Session, text: str) -> list[str]:
    """Apply a registry and give the lines of what changed."""
    return [str(change) for change in registry.apply(session, load_registry(text), by="operator", now=NOW)]


def test_twice_the_same_leaves_one_trace(session: Session) -> None:
    first = applied(session, PRACTICE)
    assert "+ cluster practice (production)" in first
    assert "+ security-partner partner2 of tenant emojis" in first
    assert applied(session, PRACTICE) == []
    assert session.scalar(select(func.count()).select_from(RegistryVersion)) == 1
    told = queries.events(session, audit.SYSTEM_CHAIN)
    assert [(event.type, event.actor) for event in told] == [("registry:applied", "operator")]
    assert (told[0].payload or {})["changes"] == first
    assert list(audit.verify(session)) == []


def test_what_is_in_force_reads_back_as_the_file_says(session: Session) -> None:
    applied(session, PRACTICE)
    wanted = load_registry(PRACTICE)
    found = registry.present(session)
    assert set(found.clusters) == set(wanted.clusters)
    assert set(found.people) == set(wanted.people)
    assert {one.name: set(one.namespaces) for one in found.tenants} == {
        one.name: set(one.namespaces) for one in wanted.tenants
    }


def test_a_plan_changes_nothing(session: Session) -> None:
    assert following.plan(session, load_registry(PRACTICE), by="operator", now=NOW).changes
    assert registry.present(session).clusters == ()
    assert registry.last_applied(session) is None


def test_an_environment_that_changes_is_shown(session: Session) -> None:
    applied(session, PRACTICE)
    changed = PRACTICE.replace("environment: sandbox", "environment: staging")
    lines = applied(session, changed)
    assert "~ cluster practice-sandbox environment sandbox -> staging" in lines
    assert "~ namespace practice-sandbox/emojivoto-dev environment sandbox -> staging" in lines
    assert session.get_one(Cluster, "practice-sandbox").environment == "staging"


def test_who_is_not_named_any_more_is_kept_inactive_and_signs_in_no_more(session: Session) -> None:
    applied(session, PRACTICE)
    token = tokens.issue(session, person="partner2", name="test", now=NOW, lifetime=None)
    without = PRACTICE.replace("[partner, partner2]", "[partner]").replace(
        "  - {name: partner2, title: Second security partner of emojis}\n", ""
    )
    assert applied(session, without) == ["- person partner2", "- security-partner partner2 of tenant emojis"]
    person = session.scalars(select(Person).where(Person.name == "partner2")).one()
    assert not person.active
    with pytest.raises(NotFound):
        tokens.issue(session, person="partner2", name="test", now=NOW, lifetime=None)
    again = applied(session, PRACTICE)
    assert again == ["+ person partner2", "+ security-partner partner2 of tenant emojis"]
    actor, _ = tokens.actor_of(session, token, now=NOW)
    assert {role for _, role in actor.tenant_roles} == {Role.PARTNER}


WITHOUT = PRACTICE.replace("      - {cluster: practice, name: emojivoto}\n", "")
MOVED = WITHOUT.replace("name: payments}\n", "name: payments}\n      - {cluster: practice, name: emojivoto}\n")


def test_a_namespace_can_go_to_another_tenant(session: Session) -> None:
    applied(session, PRACTICE)
    assert applied(session, MOVED) == ["~ namespace practice/emojivoto tenant emojis -> payments"]
    assert applied(session, MOVED) == []
