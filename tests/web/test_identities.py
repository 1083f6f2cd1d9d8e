"""Whom a verified identity becomes: a person of the registry, somebody new, or nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import audit, queries
from portal.access import seats
from portal.access.oidc import Identity
from portal.db import Database, database_now
from portal.errors import Forbidden
from portal.models import GroupRole, Membership, Person, PersonGroup, Role, Source, Tenant
from portal.tickets import people
from tests import world
from tests.web.browser import Browser

ISSUER = "https://login.example.org"


def identity(database: Database, subject: str = "s-1", *, ago: int = 0, **more: Any) -> Identity:
    with database.reading() as session:
        at = database_now(session) - timedelta(seconds=ago)
    return Identity(ISSUER, subject, at, **{"name": "member", "groups": frozenset(), **more})


def welcome(database: Database, who: Identity) -> Person:
    with database.unit_of_work() as session:
        return people.welcome(session, who, now=database_now(session))


def roles(database: Database, name: str) -> set[tuple[str, str | None, str | None]]:
    """Role, tenant and group of each membership."""
    query = (
        select(Membership.role, Tenant.name, Membership.via)
        .join(Person, Person.id == Membership.person_id)
        .outerjoin(Tenant, Tenant.id == Membership.tenant_id)
        .where(Person.name == name)
    )
    with database.reading() as session:
        return {(role, tenant, via) for role, tenant, via in session.execute(query)}


def give(database: Database, group: str, tenant: str | None, role: Role) -> None:
    with database.unit_of_work() as session:
        number = session.scalar(select(Tenant.id).where(Tenant.name == tenant)) if tenant else None
        session.add(GroupRole(name=group, tenant_id=number, role=role))


def change(database: Database, name: str, **values: Any) -> None:
    with database.unit_of_work() as session:
        person = session.scalars(select(Person).where(Person.name == name)).one()
        for column, value in values.items():
            setattr(person, column, value)


def told(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        assert list(audit.verify(session)) == []
        return [(one.type, one.actor) for one in queries.events(session, audit.SYSTEM_CHAIN)]


def test_the_first_sign_in_binds_a_name_and_no_other_takes_it(database: Database) -> None:
    first = welcome(database, identity(database))
    assert (first.name, first.subject, first.source) == ("member", "s-1", Source.REGISTRY)
    assert welcome(database, identity(database, name="renamed")).id == first.id
    with pytest.raises(Forbidden, match="meshdesk people unbind member"):
        welcome(database, identity(database, "s-2"))
    assert told(database) == [("person:bound", "member")]


def test_the_same_subject_of_another_issuer_is_somebody_else(database: Database) -> None:
    welcome(database, identity(database))
    other = Identity("https://other.example.org", "s-1", identity(database).at, name="member")
    with pytest.raises(Forbidden):
        welcome(database, other)


def test_somebody_new_is_a_person_of_the_provider(database: Database) -> None:
    found = welcome(database, identity(database, name="new", title="New One", email="new@example.com"))
    assert (found.source, found.title, found.email) == (Source.PROVIDER, "New One", "new@example.com")
    assert welcome(database, identity(database, name="new", title="Newer One")).title == "Newer One"
    assert told(database) == [("person:added", "new")]


def test_what_the_registry_says_of_a_person_stays(database: Database) -> None:
    assert welcome(database, identity(database, title="Whoever")).title == "The member"


def test_a_service_is_nobody_who_signs_in(database: Database) -> None:
    change(database, "member", source=Source.SERVICE)
    with pytest.raises(Forbidden, match="belongs to somebody else"):
        welcome(database, identity(database))


def test_who_is_known_needs_no_name(database: Database) -> None:
    with pytest.raises(Forbidden, match="MESHDESK_OIDC_NAME_CLAIM"):
        welcome(database, identity(database, name=None))
    welcome(database, identity(database))
    assert welcome(database, identity(database, name=None)).name == "member"


def test_groups_give_roles_and_take_them(database: Database) -> None:
    give(database, "books-people", "books", Role.MEMBER)
    give(database, "auditors", None, Role.AUDITOR)
    welcome(database, identity(database, groups=frozenset({"books-people", "auditors", "all"})))
    by_name = (Role.MEMBER, "emojis", None)
    assert roles(database, "member") == {
        by_name,
        (Role.MEMBER, "books", "books-people"),
        (Role.AUDITOR, None, "auditors"),
    }
    welcome(database, identity(database, groups=frozenset({"all"})))
    assert roles(database, "member") == {by_name}
    welcome(database, identity(database, groups=None))
    with database.reading() as session:
        assert session.scalars(select(PersonGroup)).all() == []


def test_a_role_by_name_stays_one_by_name(database: Database) -> None:
    give(database, "emojis-people", "emojis", Role.MEMBER)
    welcome(database, identity(database, groups=frozenset({"emojis-people"})))
    assert roles(database, "member") == {(Role.MEMBER, "emojis", None)}


def test_a_registry_that_changes_is_seen_by_refresh(database: Database) -> None:
    groups = frozenset({"a-group", "b-group"})
    welcome(database, identity(database, name="new", groups=groups))
    give(database, "b-group", "books", Role.OWNER)
    give(database, "a-group", "books", Role.OWNER)
    with database.unit_of_work() as session:
        seats.refresh(session)
    assert roles(database, "new") == {(Role.OWNER, "books", "a-group")}
    with database.unit_of_work() as session:
        session.delete(session.scalars(select(GroupRole).where(GroupRole.name == "a-group")).one())
        seats.refresh(session, [])
    assert roles(database, "new") == {(Role.OWNER, "books", "a-group")}
    with database.unit_of_work() as session:
        seats.refresh(session)
    assert roles(database, "new") == {(Role.OWNER, "books", "b-group")}


def test_an_older_token_brings_no_group_back(database: Database) -> None:
    give(database, "books-people", "books", Role.MEMBER)
    old = identity(database, ago=60, groups=frozenset({"books-people"}))
    welcome(database, old)
    welcome(database, identity(database))
    welcome(database, old)
    assert roles(database, "member") == {(Role.MEMBER, "emojis", None)}


def test_who_was_deactivated_does_not_come_back_by_signing_in(database: Database) -> None:
    welcome(database, identity(database))
    with database.unit_of_work() as session:
        by, now = world.actor(session, "operator"), database_now(session)
        people.deactivate(session, "member", reason="left", by=by, now=now)
    change(database, "member", active=False)
    with pytest.raises(Forbidden, match="deactivated you"):
        welcome(database, identity(database))
    with database.reading() as session:
        found = session.scalars(select(Person).where(Person.name == "member")).one()
        assert (found.active, found.may_act) == (False, False)


def test_whom_only_the_registry_dropped_comes_back_with_roles_by_group(database: Database) -> None:
    give(database, "books-people", "books", Role.MEMBER)
    change(database, "member", active=False)
    with database.unit_of_work() as session:
        number = session.scalars(select(Person.id).where(Person.name == "member")).one()
        session.query(Membership).filter_by(person_id=number).delete()
    found = welcome(database, identity(database, groups=frozenset({"books-people"})))
    assert (found.may_act, found.source) == (True, Source.PROVIDER)
    assert roles(database, "member") == {(Role.MEMBER, "books", "books-people")}


def test_an_unbound_name_is_for_the_next_who_signs_in(database: Database) -> None:
    give(database, "books-people", "books", Role.MEMBER)
    before = identity(database, ago=5, groups=frozenset({"books-people"}))
    welcome(database, before)
    with database.unit_of_work() as session:
        by, now = world.actor(session, "operator"), database_now(session)
        people.unbind(session, "member", reason="a new account", by=by, now=now)
    assert roles(database, "member") == {(Role.MEMBER, "emojis", None)}
    with pytest.raises(Forbidden, match="older than an operator's word"):
        welcome(database, before)
    assert welcome(database, identity(database, "s-2")).subject == "s-2"
    with pytest.raises(Forbidden):
        welcome(database, before)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"preferred_username": "Two Words"}, "`preferred_username`"),
        ({"preferred_username": "meshdesk-worker"}, "the system&#39;s own"),
        ({"preferred_username": "x" * 300}, "`preferred_username`"),
        ({"preferred_username": 7}, "`preferred_username`"),
        ({"groups": ["x" * 254]}, "`groups`"),
        ({"groups": [f"g{number}" for number in range(1001)]}, "lists more than 1000"),
        ({"groups": {"name": "all"}}, "`groups`"),
        ({"groups": ["all", 7]}, "`groups`"),
        ({"groups": ["nul\x00"]}, "`groups`"),
        ({"sub": "x" * 254}, "`sub`"),
        ({"name": "x" * 201}, "`name`"),
        ({"email": "no address"}, "`email`"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_claims_that_cannot_be_used_are_refused_by_name(browser: Browser, claims: dict[str, Any], words: str) -> None:
    answer = browser.sign_in(**claims)
    assert answer.status_code == 403
    assert words in answer.text
    assert browser.cookie() is None


def test_names_are_lower_case_and_one_group_may_stand_alone(browser: Browser) -> None:
    assert browser.sign_in(preferred_username="Member", groups="only-one").status_code == 303
    page = browser.get("/settings").text
    assert "<code>member</code>" in page
    assert "only-one" in page
