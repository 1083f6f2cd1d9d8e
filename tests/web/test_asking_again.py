"""Forms sent twice, and asking for what a ticket has once more."""

from __future__ import annotations

import pytest

from tests.api.desk import Desk
from tests.web.ask_forms import EXCEPTION, Controls, form_page, send, wrong
from tests.web.asks import ASKS, KIND, tickets
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in


def test_twice_sent_is_one_ticket_and_what_changed_is_asked_about(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    first = send(member, **EXCEPTION, key="a1")
    again = send(member, **EXCEPTION, key="a1")
    assert first.headers["Location"] == again.headers["Location"]
    assert len(tickets(desk)) == 1
    changed = send(member, **{**EXCEPTION, "inbound": "9999"}, key="a1")
    assert changed.status_code == 409
    assert "a ticket came of it" in changed.text
    assert 'value="9999"' in changed.text
    assert 'name="key" value="a1"' not in changed.text
    assert len(tickets(desk)) == 1


def test_a_refused_form_can_be_mended_and_sent_with_the_same_key(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    assert send(member, **{**EXCEPTION, "inbound": "x"}, key="b2").status_code == 422
    assert send(member, **EXCEPTION, key="b2").status_code == 303
    assert len(tickets(desk)) == 1


@pytest.mark.parametrize("opened", [True, False])
def test_the_same_asked_again_leads_to_the_ticket_that_there_is(local: Browser, desk: Desk, opened: bool) -> None:
    ref = (desk.active() if opened else desk.submitted())["ref"]
    answer = send(sign_in(local, "member"), **EXCEPTION)
    assert answer.status_code == 409
    assert f"{ref} asks for the same and is {'active' if opened else 'pending'}." in answer.text
    assert f'<a href="/tickets/{ref}">See {ref}</a>' in answer.text
    assert (f'href="/new/{KIND}?renews={ref}"' in answer.text) is opened
    assert "1 security partner" not in answer.text


def test_asking_for_the_same_again(local: Browser, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    desk.post(f"tickets/{ref}/withdraw", {"reason": "later"})
    member = sign_in(local, "member")
    page = member.get(f"/new/{KIND}?from={ref}")
    for words in ('value="deployment/emoji" checked', 'value="8080,9000-9010"', "PT30M", "certificate of the tenant"):
        assert words in page.text
    assert member.get(f"/new/generic?from={ref}").headers["Location"] == f"/new/{KIND}?from={ref}"
    assert sign_in(local, "outsider").get(f"/new/{KIND}?from={ref}").status_code == 404
    assert member.get(f"/new/{KIND}?from=MD-999").status_code == 404


@pytest.mark.parametrize("kind", sorted(ASKS))
def test_every_kind_is_repeated_as_it_was_asked(local: Browser, desk: Desk, kind: str) -> None:
    member = sign_in(local, "member")
    assert send(member, kind, **ASKS[kind]).status_code == 303
    first = tickets(desk)[0]
    assert desk.post(f"tickets/{first['ref']}/withdraw", {"reason": "later"}).status_code == 200
    page = member.get(f"/new/{kind}?from={first['ref']}")
    sent = member.post(f"/new/{kind}", Controls(page.text).sent)
    assert sent.status_code == 303, wrong(sent.text)
    second = tickets(desk)[0]
    assert second["ref"] != first["ref"]
    same = ("kind", "cluster", "namespace", "tenant", "fields", "reason", "duration", "restart_window")
    assert {name: second[name] for name in same} == {name: first[name] for name in same}
    assert second["starts_at"] is None


def test_renewing_asks_only_why_and_how_long(local: Browser, desk: Desk) -> None:
    ref = desk.active()["ref"]
    member = sign_in(local, "member")
    page = form_page(member, KIND, renews=ref)
    assert page.status_code == 200
    assert f'Renew <a href="/tickets/{ref}">' in page.text
    assert 'name="inbound"' not in page.text
    assert "8080,9000-9010" in page.text
    assert 'id="length" value="PT30M"' in page.text
    assert wrong(page.text) == {}
    assert "1 security partner" in page.text
    unsaid = send(member, KIND, renews=ref, reason=" ", duration="PT1H")
    assert "Say why it is needed" in wrong(unsaid.text)["reason"]
    sent = send(member, KIND, renews=ref, reason="the vendor is late", duration="PT1H")
    assert sent.status_code == 303
    made = tickets(desk)[0]
    assert (made["renews"], made["duration"]) == (ref, "PT1H")
    again = send(member, KIND, renews=ref, reason="once more", duration="PT1H")
    assert again.status_code == 409
    assert "renews" in again.text


def test_what_is_not_open_is_not_renewed(local: Browser, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    page = form_page(sign_in(local, "member"), KIND, renews=ref)
    assert "is not an open window" in page.text
    assert f'<a href="/new/{KIND}?from={ref}">Ask anew</a>' in page.text
