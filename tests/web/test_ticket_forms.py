"""The forms of tickets: what each does, what is offered to whom, and what is refused."""

from __future__ import annotations

import re

import pytest

from tests import world
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import act, forms_on, sign_in, version_on


def test_a_partner_approves_by_the_form(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(local, "partner")
    answer = act(partner, ref, "approve", note="seen", conditions="tell us when it works\r\n\r\nonly this vendor")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/tickets/{ref}")
    found = desk.ticket(ref)
    assert (found["state"], found["decisions"][0]["note"]) == ("approved", "seen")
    assert [one["text"] for one in found["conditions"]] == ["tell us when it works", "only this vendor"]
    page = partner.get(f"/tickets/{ref}").text
    assert "only this vendor" in page
    assert "approve" not in forms_on(page)


def test_a_stale_page_decides_nothing_and_keeps_the_note(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(local, "partner")
    before = version_on(partner, ref)
    assert act(sign_in(local, "member"), ref, "comment", text="one more word").status_code == 303
    answer = act(partner, ref, "approve", note="a note of mine", version=before)
    assert answer.status_code == 412
    assert "changed since you read it" in answer.text
    assert "a note of mine</textarea>" in answer.text
    assert desk.ticket(ref)["state"] == "pending"
    for version in ("", "9" * 30):
        assert act(partner, ref, "approve", note="n", version=version).status_code == 412


def test_a_rejection_needs_its_reason(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(local, "partner")
    answer = act(partner, ref, "reject", note="  ")
    assert answer.status_code == 422
    assert "Say why you reject it" in answer.text
    assert act(partner, ref, "reject", note="use opaque ports").status_code == 303
    assert desk.ticket(ref)["end_reason"] == "use opaque ports"


@pytest.mark.parametrize("path", ["approve", "comment", "withdraw"])
def test_without_the_token_of_a_form_nothing_happens(local: Browser, desk: Desk, path: str) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(local, "partner")
    form = {"note": "seen", "text": "seen", "reason": "seen", "version": version_on(partner, ref)}
    for token in ({}, {"form_token": "0" * 64}, {"form_token": sign_in(local, "owner").form_token()}):
        assert partner.post(f"/tickets/{ref}/{path}", {**form, **token}).status_code == 403
    assert partner.post("/tickets/decisions", {"decision": "approve", "ticket": f"{ref}:2"}).status_code == 403
    assert desk.ticket(ref)["state"] == "pending"


@pytest.mark.parametrize(
    ("who", "offered"),
    [
        ("member", {"withdraw", "nudge", "preflight", "comment", "break-glass"}),
        ("member2", {"nudge", "preflight", "comment", "break-glass"}),
        ("partner", {"approve", "reject", "question", "nudge", "preflight", "comment", "break-glass"}),
        ("operator", {"question", "preflight", "comment"}),
        ("auditor", set()),
    ],
)
def test_the_page_offers_what_one_may_do(local: Browser, desk: Desk, who: str, offered: set[str]) -> None:
    ref = desk.checked()["ref"]
    assert forms_on(sign_in(local, who).get(f"/tickets/{ref}").text) == offered


def test_what_is_not_offered_is_refused_by_the_verb(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    member = sign_in(local, "member")
    answer = act(member, ref, "approve", note="my own")
    assert answer.status_code == 403
    assert "Nobody decides on their own ticket" in answer.text
    assert "my own" in answer.text
    assert act(member, ref, "release", reason="too early").status_code == 409
    assert act(member, ref, "nonsense").status_code == 404


def test_a_question_and_its_answer(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner, member = sign_in(local, "partner"), sign_in(local, "member")
    assert act(partner, ref, "question", text="Which vendor\x00?").status_code == 422
    assert act(partner, ref, "question", text="Which vendor is it?").status_code == 303
    page = member.get(f"/tickets/{ref}").text
    assert "has no answer yet" in page
    assert "answer" in forms_on(page)
    assert "approve" not in forms_on(partner.get(f"/tickets/{ref}").text)
    assert "It cannot be approved now" in partner.get(f"/tickets/{ref}").text
    assert act(member, ref, "answer", text="The one of the tills.").status_code == 303
    assert desk.ticket(ref)["question"] is None


def test_an_open_window_is_released_or_revoked(local: Browser, desk: Desk) -> None:
    member, partner = sign_in(local, "member"), sign_in(local, "partner")
    first = desk.active()["ref"]
    page = member.get(f"/tickets/{first}").text
    assert "ends in " in page
    assert "Release now: emoji, voting restart" in page
    assert act(member, first, "release", reason="mended").status_code == 303
    assert desk.ticket(first)["state"] == "reverting"
    second = desk.active(fields=world.exception(inbound="7000"))["ref"]
    assert act(partner, second, "revoke", reason="an incident").status_code == 303
    assert desk.ticket(second)["outcome"] == "revoked"


def test_glass_is_broken_marked_and_reviewed(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    member, partner = sign_in(local, "member"), sign_in(local, "partner")
    assert act(member, ref, "break-glass", reason="payments are down").status_code == 303
    assert "glass broken, no review yet" in member.get("/tickets").text
    assert "review" not in forms_on(member.get(f"/tickets/{ref}").text)
    assert act(partner, ref, "review", note="it was").status_code == 422
    assert act(partner, ref, "review", note="it was", justified="yes").status_code == 303
    assert "partner found it justified: it was" in partner.get(f"/tickets/{ref}").text
    assert "glass broken" not in member.get("/tickets").text


def test_a_nudge_and_a_recertification(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    member, partner = sign_in(local, "member"), sign_in(local, "partner")
    assert act(member, ref, "nudge").status_code == 303
    assert "nudge" not in forms_on(member.get(f"/tickets/{ref}").text)
    assert act(member, ref, "nudge").status_code == 409
    long = desk.long_open(fields=world.exception(inbound="7000"))["ref"]
    assert act(partner, long, "recertify", note="the vendor is at it").status_code == 303
    assert desk.ticket(long)["recertification"] is None


def test_operators_answer_what_no_worker_does(local: Browser, desk: Desk) -> None:
    ref = desk.generic()["ref"]
    operator = sign_in(local, "operator")
    assert forms_on(operator.get(f"/tickets/{ref}").text) >= {"take", "fulfil", "decline", "approve"}
    assert act(operator, ref, "take").status_code == 303
    assert act(operator, ref, "fulfil", answer="You have it.").status_code == 303
    assert "You have it." in sign_in(local, "member").get(f"/tickets/{ref}").text


def test_several_are_decided_each_by_itself(local: Browser, desk: Desk) -> None:
    good, bad = desk.checked(), desk.checked(clean=False, fields=world.exception(inbound="7000"))
    partner = sign_in(local, "partner")
    page = partner.get("/tickets?waiting_for=me").text
    ticks = re.findall(r'name="ticket" value="(MD-\d+:\d+)"', page)
    assert {one.partition(":")[0] for one in ticks} == {good["ref"], bad["ref"]}
    form = {"form_token": partner.form_token(), "decision": "approve", "note": "seen", "ticket": ticks}
    answer = partner.client.post("/tickets/decisions", data=form, base_url=partner.home)
    assert answer.status_code == 200
    assert (desk.ticket(good["ref"])["state"], desk.ticket(bad["ref"])["state"]) == ("approved", "pending")
    assert "found what blocks the change" in answer.text
    again = partner.send("/tickets/decisions", decision="reject", ticket=f"{bad['ref']}:1", note="x")
    assert again.status_code == 409
    assert "No ticket was ticked" in partner.send("/tickets/decisions", decision="approve").text
    assert partner.send("/tickets/decisions", decision="maybe").status_code == 422
