"""The pages of tickets: who sees what, what they show, and that hostile words stay words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from portal.db import Database, database_now
from portal.models import Ticket
from portal.states import Outcome, State
from portal.tickets.moving import number_of
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import act, forms_on, sign_in

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"
REASON = "vendor protocol breaks behind a proxy"


def set_on(database: Database, ref: str, **values: object) -> None:
    with database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number_of(ref))
        for name, value in values.items():
            setattr(ticket, name, value)


def test_the_list_shows_what_one_may_see_and_nothing_of_others(local: Browser, desk: Desk) -> None:
    first, second = desk.checked(), desk.generic()
    page = sign_in(local, "member").get("/tickets").text
    assert page.index(second["ref"]) < page.index(first["ref"])
    assert "Encryption exception" in page
    assert "1 security partner" in page
    assert "lapses in " in page
    books = sign_in(local, "outsider").get("/tickets").text
    assert first["ref"] not in books
    assert "There is no ticket yet" in books
    assert 'href="/new">See what can be asked for' in books


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state=pending", True),
        ("state=active", False),
        ("state=pending,active&kind=encryption-exception", True),
        ("kind=generic", False),
        ("cluster=practice&namespace=emojivoto&tenant=emojis", True),
        ("cluster=practice-sandbox", False),
        ("mine=true", False),
        ("waiting_for=me", True),
        ("owed=review", False),
        ("state=&kind=&cluster=", True),
    ],
)
def test_filters_are_in_the_address(local: Browser, desk: Desk, query: str, shown: bool) -> None:
    ref = desk.checked()["ref"]
    answer = sign_in(local, "partner").get(f"/tickets?{query}")
    assert answer.status_code == 200
    assert (f'href="/tickets/{ref}"' in answer.text) is shown


@pytest.mark.parametrize("query", ["state=gone", "cursor=x", "owed=money", "nonsense=1", "limit=0"])
def test_filters_that_are_none_are_refused(local: Browser, query: str) -> None:
    answer = sign_in(local, "partner").get(f"/tickets?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")


def test_the_next_page_is_a_link_that_keeps_the_filters(local: Browser, desk: Desk) -> None:
    refs = [desk.generic(fields={"title": f"Console {n}", "text": "Read-only."})["ref"] for n in range(3)]
    member = sign_in(local, "member")
    page = member.get("/tickets?mine=true&limit=2").text
    found = re.search(r'href="(/tickets\?[^"]+)" rel="next"', page)
    assert found is not None
    last = member.get(found[1].replace("&amp;", "&")).text
    assert "mine=true" in found[1]
    assert [ref in last for ref in refs] == [True, False, False]
    assert 'rel="next"' not in last


def test_who_is_not_signed_in_comes_back_after_signing_in(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert local.get(f"/tickets/{ref}").headers["Location"] == f"/sign-in?next=%2Ftickets%2F{ref}"
    assert local.get("/tickets?kind=generic").headers["Location"] == "/sign-in?next=%2Ftickets%3Fkind%3Dgeneric"


def test_another_tenants_ticket_is_the_same_page_as_none(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    outsider = sign_in(local, "outsider_partner")
    foreign, unknown = outsider.get(f"/tickets/{ref}"), outsider.get("/tickets/MD-999")
    assert foreign.status_code == unknown.status_code == 404

    def without_names(answer: TestResponse) -> str:
        return answer.text.replace(ref, "MD-999").replace(answer.headers["X-Request-ID"], "")

    assert without_names(foreign) == without_names(unknown)
    assert outsider.get("/tickets/nonsense").status_code == 404
    sent = outsider.post(f"/tickets/{ref}/comment", {"form_token": outsider.form_token(), "text": "hello"})
    assert sent.status_code == 404


def test_the_page_tells_the_case(local: Browser, desk: Desk) -> None:
    ref = desk.checked(clean=False)["ref"]
    page = sign_in(local, "partner").get(f"/tickets/{ref}").text
    for words in (REASON, "practice/<wbr>emojivoto", "8080,9000-9010", "30 minutes", "it found what blocks the change"):
        assert words in page
    assert "The rollout is paused." in page
    assert "Nothing like it was asked before" in page
    assert "looked at the cluster before the change" in page
    assert forms_on(page) >= {"reject", "question", "comment"}
    assert "It cannot be approved now" in page


def test_hostile_words_stay_words(local: Browser, desk: Desk) -> None:
    ref = desk.checked(reason=HOSTILE)["ref"]
    partner = sign_in(local, "partner")
    assert act(partner, ref, "comment", text=HOSTILE).status_code == 303
    refused = act(partner, ref, "approve", note=HOSTILE, version="1")
    for page in (partner.get(f"/tickets/{ref}").text, partner.get("/tickets").text, refused.text):
        assert "<script>" not in page
        assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in refused.text
    assert "{{ 7 * 7 }}" in refused.text
    assert "default-src 'none'" in refused.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("values", "tone", "words"),
    [
        ({}, "open", "ends in"),
        ({"expires_at": timedelta(minutes=2)}, "soon", "ends in 1 min"),
        ({"expires_at": timedelta(minutes=-5)}, "late", "past its end for"),
        ({"expires_at": None, "duration_seconds": None}, "open", "no end"),
        ({"state": State.CLOSED, "outcome": Outcome.UNPROVEN.value}, "late", "unproven"),
    ],
)
def test_red_is_for_what_is_wrong(local: Browser, desk: Desk, values: dict[str, object], tone: str, words: str) -> None:
    ref = desk.active()["ref"]
    with desk.database.reading() as session:
        now = database_now(session)
    set_on(
        desk.database,
        ref,
        **{name: now + one if isinstance(one, timedelta) else one for name, one in values.items()},
    )
    page = sign_in(local, "member").get("/tickets").text
    assert f'class="chip {tone}"' in page
    assert words in page
    assert ("chip late" in page) is (tone == "late")


def test_the_first_page_counts_what_waits(local: Browser, desk: Desk) -> None:
    partner = sign_in(local, "partner")
    assert "Nothing waits for you" in partner.get("/").text
    desk.checked()
    assert "1 ticket waits for you" in partner.get("/").text


def test_renewals_grants_and_earlier_ones_are_shown(local: Browser, desk: Desk) -> None:
    first = desk.approved()["ref"]
    desk.post(f"tickets/{first}/withdraw", {"reason": "later"})
    second = desk.checked()
    less = {"decision": "approve", "note": "half is enough", "grant": {"duration": "PT15M"}}
    assert desk.decide(second["ref"], second["version"], **less).status_code == 200
    page = sign_in(local, "member").get(f"/tickets/{second['ref']}").text
    assert "Less was granted than was asked" in page
    assert "15 minutes" in page
    assert "1 like it" in page
    assert f'href="/tickets/{first}"' in page
