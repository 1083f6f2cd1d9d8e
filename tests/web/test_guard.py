"""The guard on a cluster's page: what it is in one's namespaces, how it stands, and the operator's button."""

from __future__ import annotations

from sqlalchemy import select

from portal.models import Message
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.guard import add_namespaces, in_step, late, switch
from tests.web.ticket_forms import sign_in

PAGE = "/clusters/practice"


def section(browser: Browser, who: str) -> str:
    """The part of the page that is about the guard."""
    text = sign_in(browser, who).get(PAGE).text
    return text.partition('<h2 id="guard">')[2].partition("</section>")[0]


def test_off_it_says_so_and_offers_nothing(local: Browser) -> None:
    for who in ("member", "operator"):
        said = section(local, who)
        assert "Off: Kubernetes itself refuses nothing here." in said
        assert "<button" not in said


def test_each_mode_is_said_in_words_for_ones_own_namespaces(local: Browser, desk: Desk) -> None:
    switch(desk.database, "deny", **in_step())
    add_namespaces(desk.database, 14, "warn")
    said = section(local, "member")
    assert "In step with the live tickets" in said
    assert "refused without a ticket" in said
    assert "and 2 more" in said
    assert "bookstore" not in said
    assert "<button" not in said


def test_what_is_amiss_and_late_is_said_with_what_to_do(local: Browser, desk: Desk) -> None:
    switch(desk.database, "deny", **{**in_step(), "in_step_at": None}, amiss=["X is missing."], lines=late(25))
    said = section(local, "operator")
    for words in ("It does not stand as it should.", "X is missing.", "meshdesk guard render", "25 still let pass"):
        assert words in said
    assert "And 5 more" in said
    assert "Your platform operators must look." in section(local, "member")
    switch(desk.database, "deny", **in_step(), problem="Cluster practice does not answer.")
    assert "It could not be looked at.</strong> Cluster practice does not answer." in section(local, "member")


def test_an_operator_puts_it_into_force_and_nobody_else(local: Browser, desk: Desk) -> None:
    switch(desk.database)
    assert "No worker has come to it yet." in section(local, "member")
    done = sign_in(local, "operator").send(f"{PAGE}/guard", PAGE)
    assert (done.status_code, done.headers["Location"]) == (303, f"{PAGE}#guard")
    with desk.database.reading() as session:
        waiting = select(Message.subject).where(Message.task == "meshdesk.guard", Message.taken_at.is_(None))
        assert session.scalars(waiting).all() == ["practice"]
    assert sign_in(local, "member").send(f"{PAGE}/guard", PAGE).status_code == 403
