"""The first page: one line that says whether all is well, and what stands behind it, for each sort of people."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select

from portal.models import Membership, Person, Role, Ticket
from portal.states import State
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.inventory import SKIP_INBOUND, add_namespace, annotate, change, keep_away, take_away
from tests.web.ticket_forms import sign_in

NOT_ENCRYPTED = ("outside", "web")
HOSTILE = "<script>alert(1)</script>{{ 7 * 7 }}"


def test_where_all_is_well_it_says_so(local: Browser, desk: Desk) -> None:
    take_away(desk.database, *NOT_ENCRYPTED)
    page = sign_in(local, "member").get("/").text
    assert "Your pods are encrypted</h1>" in page
    assert "there is nothing for you to do" in page
    assert "No window is open" in page
    assert 'class="headline well"' in page
    assert "linkerd.io/inject: enabled" in page
    assert 'href="/new"' in page


def test_what_is_open_pending_and_not_encrypted_is_told(local: Browser, desk: Desk) -> None:
    opened, pending = desk.active()["ref"], desk.checked(fields=world.exception(inbound="7000"))["ref"]
    page = sign_in(local, "member").get("/").text
    assert "18 of 22 workloads of yours are encrypted in whole</h1>" in page
    assert "1 window open</a>, ends in <time" in page
    assert f'href="/tickets/{opened}"' in page
    assert f'<a href="/tickets/{pending}">{pending}</a> waits for your security partner' in page
    assert "there is nothing for you to do" not in page
    assert "practice/<wbr>emojivoto" in page
    assert "9 encrypted" in page
    assert "1 not meshed" in page
    assert "No ticket explains 4 of the 4 that are not" in page


def test_a_port_that_a_ticket_explains_is_not_counted_as_unexplained(local: Browser, desk: Desk) -> None:
    take_away(desk.database, *NOT_ENCRYPTED)
    annotate(desk.database, "emoji", {SKIP_INBOUND: "8080,9000-9010"})
    member = sign_in(local, "member")
    assert "No ticket explains 1 of the 1 that are not" in member.get("/").text
    desk.active()
    assert "No ticket explains" not in member.get("/").text


def test_what_is_late_is_red_for_everybody_whom_it_concerns(local: Browser, desk: Desk) -> None:
    late, stuck = desk.active()["ref"], desk.active(fields=world.exception(inbound="7000"))["ref"]
    change(desk.database, late, expires_at=timedelta(minutes=-5))
    gone = {"ended_at": timedelta(minutes=-9), "problem": "The webhook denied the request."}
    change(desk.database, stuck, state=State.REVERTING, **gone)
    for who in ("member", "operator", "auditor"):
        page = sign_in(local, who).get("/").text
        assert "2 windows are late: they are still open in a cluster</h1>" in page
        assert "past its end for 5 min" in page
        assert "The webhook denied the request." in page
    assert "windows are late" not in sign_in(local, "outsider").get("/").text


def test_a_cluster_that_cannot_be_read_is_named(local: Browser, desk: Desk) -> None:
    take_away(desk.database, *NOT_ENCRYPTED)
    keep_away(desk.database, "playground", "Connection refused.", timedelta(hours=3))
    keep_away(desk.database, "practice", None, timedelta(minutes=30))
    page = sign_in(local, "operator").get("/").text
    assert "playground</a> cannot be vouched for:</strong> Connection refused. Read 3 h ago." in page
    assert "no worker has read it as often as it should. Read 30 min ago." in page
    assert 'class="headline well"' not in page
    books = sign_in(local, "outsider").get("/").text
    assert "playground" not in books


def test_tenants_see_their_own_alone_and_auditors_everything(local: Browser, desk: Desk) -> None:
    ref = desk.active()["ref"]
    add_namespace(desk.database, "till", [world.Workload("deployment", "till")])
    books = sign_in(local, "outsider").get("/").text
    assert ref not in books
    assert "emojivoto" not in books
    assert "till" not in books
    assert "9 of 11 workloads of yours" in books
    everything = sign_in(local, "auditor").get("/").text
    assert ref in everything
    assert "28 of 34 workloads are encrypted in whole" in everything
    assert 'href="/clusters/playground"' in everything


def test_deciders_are_led_to_what_waits_for_them(local: Browser, desk: Desk) -> None:
    ref = desk.checked(reason=HOSTILE)["ref"]
    page = sign_in(local, "partner").get("/").text
    assert "1 ticket waits for you" in page
    assert 'href="/inbox"' in page
    assert f'href="/tickets/{ref}"' in page
    assert "<script>alert" not in page
    assert "{{ 7 * 7 }}" in page
    assert 'href="/inbox"' not in sign_in(local, "member").get("/").text


def test_nothing_seen_is_not_taken_for_encrypted(local: Browser, desk: Desk) -> None:
    take_away(desk.database)
    page = sign_in(local, "member").get("/").text
    assert "Nothing is known of your pods yet</h1>" in page
    assert "no workload seen yet" in page


def test_a_failed_ticket_says_why(local: Browser, desk: Desk) -> None:
    desk.failed()
    assert "An admission policy refused the change." in sign_in(local, "member").get("/").text


def test_somebody_without_a_role_whom_a_rule_names_sees_what_waits(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    with desk.database.unit_of_work() as session:
        session.add(Person(name="stranger", title="A stranger"))
        session.get_one(Ticket, number_of(ref)).approvals = [{"from": "person:stranger", "count": 1}]
        session.flush()
        stranger = session.scalars(select(Person.id).where(Person.name == "stranger")).one()
        session.add(Membership(person_id=stranger, tenant_id=None, role=Role.AUDITOR))
    browser = sign_in(local, "stranger")
    with desk.database.unit_of_work() as session:
        session.execute(delete(Membership).where(Membership.person_id == stranger))
    page = browser.get("/").text
    assert "1 ticket waits for you</h1>" in page
    assert ref in page
    change(desk.database, ref, state=State.WITHDRAWN)
    assert "You are in no tenant yet</h1>" in browser.get("/").text
