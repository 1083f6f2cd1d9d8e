"""Groups of the identity provider: read from the registry, refused where they are not clear, and turned into seats."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import registry
from portal.access import seats, tokens
from portal.configuration_files import FileInvalid, located
from portal.models import Membership, Person, PersonGroup, Role, Source, Tenant
from portal.registry.approvers import unheard_groups
from portal.registry.file import RegistryFile, load_registry
from tests.tickets.people import put_in, service
from tests.unit.registry_text import GOOD
from tests.unit.test_registry import session

__all__ = ["session"]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GROUPED = GOOD.replace(
    "    members: [member]\n",
    "    members: [member]\n"
    "    groups: {members: [Emoji Team], owners: [emoji-leads], security_partners: [security]}\n"
    "    channels: [emoji-chat]\n",
).replace("auditors: []", "auditors: []\noperator_groups: [platform]\nauditor_groups: [audit]")


def applied(session: Session, text: str = GROUPED) -> list[str]:
    return [str(change) for change in registry.apply(session, load_registry(text), by="operator", now=NOW)]


def seats_of(session: Session, name: str) -> set[tuple[str | None, str, str | None]]:
    query = (
        select(Tenant.name, Membership.role, Membership.via)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Tenant, Tenant.id == Membership.tenant_id, isouter=True)
    )
    return {(tenant, role, via) for tenant, role, via in session.execute(query.where(Person.name == name))}


def refused(text: str) -> list[str]:
    with pytest.raises(FileInvalid) as problem:
        load_registry(text)
    return problem.value.lines()


def test_groups_and_channels_are_read_shown_and_kept(session: Session) -> None:
    lines = applied(session)
    assert "+ member group Emoji Team of tenant emojis" in lines
    assert "+ security-partner group security of tenant emojis" in lines
    assert "+ platform-operator group platform" in lines
    found = registry.present(session)
    wanted = load_registry(GROUPED)
    assert (found.operator_groups, found.auditor_groups) == (("platform",), ("audit",))
    assert {one.name: (one.groups, one.channels) for one in found.tenants} == {
        one.name: (one.groups, one.channels) for one in wanted.tenants
    }
    assert applied(session) == []
    assert applied(session, GROUPED.replace("[emoji-chat]", "[emoji-chat, mail]")) == [
        '~ tenant emojis channels emoji-chat -> "emoji-chat, mail"'
    ]


def test_seats_follow_groups_and_registry(session: Session) -> None:
    applied(session)
    put_in(session, "amira", "Emoji Team", "security", "else")
    put_in(session, "bo", "platform")
    seats.refresh(session)
    assert seats_of(session, "amira") == {
        ("emojis", Role.MEMBER, "Emoji Team"),
        ("emojis", Role.PARTNER, "security"),
    }
    assert seats_of(session, "bo") == {(None, Role.OPERATOR, "platform")}
    actor = tokens.actor_for(session, session.scalars(select(Person).where(Person.name == "amira")).one())
    assert {role for _, role in actor.tenant_roles} == {Role.MEMBER, Role.PARTNER}
    assert actor.groups == {"Emoji Team", "security", "else"}
    assert applied(session, GROUPED.replace("[security]}", "[sec-leads]}")) == [
        "+ security-partner group sec-leads of tenant emojis",
        "- security-partner group security of tenant emojis",
    ]
    assert seats_of(session, "amira") == {("emojis", Role.MEMBER, "Emoji Team")}


def test_only_the_people_who_are_named_are_settled(session: Session) -> None:
    applied(session)
    put_in(session, "amira", "security")
    put_in(session, "bo", "security")
    bo = session.scalars(select(Person.id).where(Person.name == "bo")).one()
    seats.refresh(session, [bo])
    assert (seats_of(session, "amira"), len(seats_of(session, "bo"))) == (set(), 1)
    session.execute(PersonGroup.__table__.delete().where(PersonGroup.person_id == bo))
    seats.refresh(session, [bo])
    assert seats_of(session, "bo") == set()


def test_a_seat_by_name_wins_and_leaves_the_one_by_group_when_it_goes(session: Session) -> None:
    applied(session)
    put_in(session, "member", "Emoji Team")
    seats.refresh(session)
    assert seats_of(session, "member") == {("emojis", Role.MEMBER, None)}
    applied(session, GROUPED.replace("members: [member]", "members: []"))
    assert seats_of(session, "member") == {("emojis", Role.MEMBER, "Emoji Team")}
    applied(session)
    assert seats_of(session, "member") == {("emojis", Role.MEMBER, None)}


def test_what_others_vouch_for_is_left_alone(session: Session) -> None:
    applied(session)
    put_in(session, "amira", "security")
    seats.refresh(session)
    robot = service(session, "robot", "owner", Role.OWNER)
    text = GROUPED.replace("title: The emojis", "title: Emojis")
    assert applied(session, text) == ['~ tenant emojis title "The emojis" -> Emojis']
    people = {one.name: one.active for one in session.scalars(select(Person))}
    assert people["amira"]
    assert people["emojis/robot"]
    assert seats_of(session, "emojis/robot") == {("emojis", Role.OWNER, None)}
    assert robot.owner_id is not None


def test_the_file_may_name_who_signed_in_before(session: Session) -> None:
    applied(session)
    put_in(session, "amira", "security")
    named = GROUPED.replace("  - {name: member,", "  - {name: amira, title: Amira}\n  - {name: member,")
    assert applied(session, named) == ["+ person amira"]
    assert session.scalars(select(Person).where(Person.name == "amira")).one().source == Source.REGISTRY
    assert applied(session, named) == []


def test_who_is_deactivated_stays_so_whatever_the_file_says(session: Session) -> None:
    applied(session)
    member = session.scalars(select(Person).where(Person.name == "member")).one()
    member.deactivated_at = NOW
    assert applied(session, GROUPED.replace("title: The emojis", "title: Emojis")) == [
        '~ tenant emojis title "The emojis" -> Emojis'
    ]
    assert (member.may_act, member.deactivated_at) == (False, NOW)
    without = GROUPED.replace("members: [member]", "members: []").replace(
        "  - {name: member, title: A member, email: member@example.com}\n", ""
    )
    assert "- person member" in applied(session, without)
    assert applied(session, without) == []
    assert (member.active, member.deactivated_at) == (False, NOW)


def test_a_group_that_maps_to_two_tenants_is_refused_with_line_and_fix() -> None:
    second = "    namespaces: [{cluster: lab, name: emojivoto}]\n"
    twice = GROUPED.replace(second, second + "    groups: {owners: [Emoji Team]}\n")
    (line,) = refused(twice)
    number = twice.splitlines().index("    groups: {owners: [Emoji Team]}") + 1
    assert line.startswith(
        f"registry.yaml:{number}: tenants[1].groups.owners[0]: Group 'Emoji Team' maps to two tenants"
    )
    assert "give each a group of its own, or name the people" in line
    load_registry(twice.replace("owners: [Emoji Team]", "security_partners: [security]"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[Emoji Team]", "[Emoji Team, Emoji Team]", "groups.members[1]: 'Emoji Team' stands in this list already"),
        ("[platform]", "[platform, platform]", "operator_groups[1]: 'platform' stands in this list already"),
        ("[emoji-chat]", "[emoji-chat, emoji-chat]", "channels[1]: 'emoji-chat' stands in this list already"),
        ("[Emoji Team]", "[' staff']", "groups.members[0]: ' staff' is no name of a group"),
        ("owners: [emoji-leads]", "leads: [emoji-leads]", "groups.leads: 'leads' is not known"),
    ],
)
def test_groups_are_written_well(old: str, new: str, said: str) -> None:
    (line,) = refused(GROUPED.replace(old, new))
    assert said in line


def warnings(session: Session, wanted: RegistryFile) -> list[str]:
    return located(wanted.text, unheard_groups(session, wanted), name="registry.yaml").lines()


def test_an_approver_group_that_nobody_is_in_is_told_with_line_and_fix(session: Session) -> None:
    applied(session)
    wanted = load_registry(GROUPED)
    put_in(session, "amira", "security")
    put_in(session, "bo", "emoji-leads")
    session.scalars(select(Person).where(Person.name == "bo")).one().active = False
    session.flush()
    lines = warnings(session, wanted)
    leads = GROUPED.splitlines().index(next(one for one in GROUPED.splitlines() if "emoji-leads" in one)) + 1
    assert lines[0].startswith(f"registry.yaml:{leads}: tenants[0].groups.owners[0]: Nobody of group 'emoji-leads'")
    assert "have somebody of it sign in, or name a person" in lines[0]
    assert [line.split(": ")[1] for line in lines] == ["tenants[0].groups.owners[0]", "operator_groups[0]"]


def test_groups_are_enough_where_nobody_is_named() -> None:
    without = GROUPED.replace("    owners: [owner]\n    security_partners: [partner, second_partner]\n", "")
    assert load_registry(without).warnings() == []
    assert (
        len(load_registry(without.replace("owners: [emoji-leads], security_partners: [security]", "")).warnings()) == 2
    )
