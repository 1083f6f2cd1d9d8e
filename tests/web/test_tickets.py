"""The pages of tickets: who sees what, what the forms do, what is refused, and that hostile words stay words."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import create_app
from portal.api.context import EXTENSION
from portal.config import Config
from portal.db import Database, database_now
from portal.models import Ticket
from portal.states import Outcome, State
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk
from tests.rows import Rows
from tests.shelf import Shelf
from tests.web.browser import Browser

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"
REASON = "vendor protocol breaks behind a proxy"
VERSION = re.compile(r'name="version" value="(\d+)"')


@pytest.fixture(scope="module")
def applications() -> dict[str, Flask]:
    """The application, once it is made: that takes longer than most tests that use it."""
    return {}


@pytest.fixture
def browser(
    migrated_sqlite: Path, tmp_path: Path, shelf: Shelf, world_rows: Rows, applications: dict[str, Flask]
) -> Iterator[Browser]:
    database = shelf.open(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    world_rows.put(database)
    database.dispose()
    url = database.engine.url.render_as_string(hide_password=False)
    if url not in applications:
        applications[url] = create_app(Config(var=tmp_path, database_url=url, local_sign_in=True))
    app = applications[url]
    yield Browser(app, app.test_client(), "http://localhost:8000", None)
    app.extensions[EXTENSION].database.dispose()


@pytest.fixture
def desk(browser: Browser) -> Desk:
    """The API of the same process, with which tickets come to be."""
    return Desk(browser.app.test_client(), browser.app.extensions[EXTENSION].database)


def sign_in(browser: Browser, name: str) -> Browser:
    """Another browser of the process, signed in as somebody."""
    other = browser.another()
    assert other.send("/sign-in/local", page="/sign-in", name=name).status_code == 303
    return other


def act(browser: Browser, ref: str, deed: str, **form: str) -> TestResponse:
    """Send a form of a ticket's page, with the version that the page shows unless another is said."""
    path = f"/tickets/{ref}"
    return browser.send(f"{path}/{deed}", path, **{"version": version_on(browser, ref), **form})


def version_on(browser: Browser, ref: str) -> str:
    found = VERSION.search(browser.get(f"/tickets/{ref}").text)
    assert found is not None
    return found[1]


def forms_on(page: str) -> set[str]:
    """The deeds that a page offers."""
    return set(re.findall(r'action="/tickets/MD-\d+/([a-z-]+)"', page))


def set_on(database: Database, ref: str, **values: object) -> None:
    with database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number_of(ref))
        for name, value in values.items():
            setattr(ticket, name, value)


def test_the_list_shows_what_one_may_see_and_nothing_of_others(browser: Browser, desk: Desk) -> None:
    first, second = desk.checked(), desk.generic()
    page = sign_in(browser, "member").get("/tickets").text
    assert page.index(second["ref"]) < page.index(first["ref"])
    assert "Encryption exception" in page
    assert "1 security partner" in page
    assert "lapses in " in page
    books = sign_in(browser, "outsider").get("/tickets").text
    assert first["ref"] not in books
    assert "There is no ticket yet" in books
    assert "meshdesk request debug-sidecar" in books


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
def test_filters_are_in_the_address(browser: Browser, desk: Desk, query: str, shown: bool) -> None:
    ref = desk.checked()["ref"]
    answer = sign_in(browser, "partner").get(f"/tickets?{query}")
    assert answer.status_code == 200
    assert (f'href="/tickets/{ref}"' in answer.text) is shown


@pytest.mark.parametrize("query", ["state=gone", "cursor=x", "owed=money", "nonsense=1", "limit=0"])
def test_filters_that_are_none_are_refused(browser: Browser, query: str) -> None:
    answer = sign_in(browser, "partner").get(f"/tickets?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "text/html")


def test_the_next_page_is_a_link_that_keeps_the_filters(browser: Browser, desk: Desk) -> None:
    refs = [desk.generic(fields={"title": f"Console {n}", "text": "Read-only."})["ref"] for n in range(3)]
    member = sign_in(browser, "member")
    page = member.get("/tickets?mine=true&limit=2").text
    found = re.search(r'href="(/tickets\?[^"]+)" rel="next"', page)
    assert found is not None
    last = member.get(found[1].replace("&amp;", "&")).text
    assert "mine=true" in found[1]
    assert [ref in last for ref in refs] == [True, False, False]
    assert 'rel="next"' not in last


def test_who_is_not_signed_in_comes_back_after_signing_in(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    assert browser.get(f"/tickets/{ref}").headers["Location"] == f"/sign-in?next=%2Ftickets%2F{ref}"
    assert browser.get("/tickets?kind=generic").headers["Location"] == "/sign-in?next=%2Ftickets%3Fkind%3Dgeneric"


def test_another_tenants_ticket_is_the_same_page_as_none(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    outsider = sign_in(browser, "outsider_partner")
    foreign, unknown = outsider.get(f"/tickets/{ref}"), outsider.get("/tickets/MD-999")
    assert foreign.status_code == unknown.status_code == 404

    def without_names(answer: TestResponse) -> str:
        return answer.text.replace(ref, "MD-999").replace(answer.headers["X-Request-ID"], "")

    assert without_names(foreign) == without_names(unknown)
    assert outsider.get("/tickets/nonsense").status_code == 404
    sent = outsider.post(f"/tickets/{ref}/comment", {"form_token": outsider.form_token(), "text": "hello"})
    assert sent.status_code == 404


def test_the_page_tells_the_case(browser: Browser, desk: Desk) -> None:
    ref = desk.checked(clean=False)["ref"]
    page = sign_in(browser, "partner").get(f"/tickets/{ref}").text
    for words in (REASON, "practice/<wbr>emojivoto", "8080,9000-9010", "30 minutes", "it found what blocks the change"):
        assert words in page
    assert "The rollout is paused." in page
    assert "Nothing like it was asked before" in page
    assert "evidence preflight" in page
    assert forms_on(page) >= {"reject", "question", "comment"}
    assert "It cannot be approved now" in page


def test_hostile_words_stay_words(browser: Browser, desk: Desk) -> None:
    ref = desk.checked(reason=HOSTILE)["ref"]
    partner = sign_in(browser, "partner")
    assert act(partner, ref, "comment", text=HOSTILE).status_code == 303
    refused = act(partner, ref, "approve", note=HOSTILE, version="1")
    for page in (partner.get(f"/tickets/{ref}").text, partner.get("/tickets").text, refused.text):
        assert "<script" not in page
        assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in refused.text
    assert "{{ 7 * 7 }}" in refused.text
    assert "default-src 'none'" in refused.headers["Content-Security-Policy"]


def test_a_partner_approves_by_the_form(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(browser, "partner")
    answer = act(partner, ref, "approve", note="seen", conditions="tell us when it works\r\n\r\nonly this vendor")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/tickets/{ref}")
    found = desk.ticket(ref)
    assert (found["state"], found["decisions"][0]["note"]) == ("approved", "seen")
    assert [one["text"] for one in found["conditions"]] == ["tell us when it works", "only this vendor"]
    page = partner.get(f"/tickets/{ref}").text
    assert "only this vendor" in page
    assert "approve" not in forms_on(page)


def test_a_stale_page_decides_nothing_and_keeps_the_note(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(browser, "partner")
    before = version_on(partner, ref)
    assert act(sign_in(browser, "member"), ref, "comment", text="one more word").status_code == 303
    answer = act(partner, ref, "approve", note="a note of mine", version=before)
    assert answer.status_code == 412
    assert "changed since you read it" in answer.text
    assert "a note of mine</textarea>" in answer.text
    assert desk.ticket(ref)["state"] == "pending"
    for version in ("", "9" * 30):
        assert act(partner, ref, "approve", note="n", version=version).status_code == 412


def test_a_rejection_needs_its_reason(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(browser, "partner")
    answer = act(partner, ref, "reject", note="  ")
    assert answer.status_code == 422
    assert "Say why you reject it" in answer.text
    assert act(partner, ref, "reject", note="use opaque ports").status_code == 303
    assert desk.ticket(ref)["end_reason"] == "use opaque ports"


@pytest.mark.parametrize("path", ["approve", "comment", "withdraw"])
def test_without_the_token_of_a_form_nothing_happens(browser: Browser, desk: Desk, path: str) -> None:
    ref = desk.checked()["ref"]
    partner = sign_in(browser, "partner")
    form = {"note": "seen", "text": "seen", "reason": "seen", "version": version_on(partner, ref)}
    for token in ({}, {"form_token": "0" * 64}, {"form_token": sign_in(browser, "owner").form_token()}):
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
def test_the_page_offers_what_one_may_do(browser: Browser, desk: Desk, who: str, offered: set[str]) -> None:
    ref = desk.checked()["ref"]
    assert forms_on(sign_in(browser, who).get(f"/tickets/{ref}").text) == offered


def test_what_is_not_offered_is_refused_by_the_verb(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    member = sign_in(browser, "member")
    answer = act(member, ref, "approve", note="my own")
    assert answer.status_code == 403
    assert "Nobody decides on their own ticket" in answer.text
    assert "my own" in answer.text
    assert act(member, ref, "release", reason="too early").status_code == 409
    assert act(member, ref, "nonsense").status_code == 404


def test_a_question_and_its_answer(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    partner, member = sign_in(browser, "partner"), sign_in(browser, "member")
    assert act(partner, ref, "question", text="Which vendor\x00?").status_code == 422
    assert act(partner, ref, "question", text="Which vendor is it?").status_code == 303
    page = member.get(f"/tickets/{ref}").text
    assert "has no answer yet" in page
    assert "answer" in forms_on(page)
    assert "approve" not in forms_on(partner.get(f"/tickets/{ref}").text)
    assert "It cannot be approved now" in partner.get(f"/tickets/{ref}").text
    assert act(member, ref, "answer", text="The one of the tills.").status_code == 303
    assert desk.ticket(ref)["question"] is None


def test_an_open_window_is_released_or_revoked(browser: Browser, desk: Desk) -> None:
    member, partner = sign_in(browser, "member"), sign_in(browser, "partner")
    first = desk.active()["ref"]
    page = member.get(f"/tickets/{first}").text
    assert "ends in " in page
    assert "Release now: the pods restart" in page
    assert act(member, first, "release", reason="mended").status_code == 303
    assert desk.ticket(first)["state"] == "reverting"
    second = desk.active(fields=world.exception(inbound="7000"))["ref"]
    assert act(partner, second, "revoke", reason="an incident").status_code == 303
    assert desk.ticket(second)["outcome"] == "revoked"


def test_glass_is_broken_marked_and_reviewed(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    member, partner = sign_in(browser, "member"), sign_in(browser, "partner")
    assert act(member, ref, "break-glass", reason="payments are down").status_code == 303
    assert "glass broken, no review yet" in member.get("/tickets").text
    assert "review" not in forms_on(member.get(f"/tickets/{ref}").text)
    assert act(partner, ref, "review", note="it was").status_code == 422
    assert act(partner, ref, "review", note="it was", justified="yes").status_code == 303
    assert "partner found it justified: it was" in partner.get(f"/tickets/{ref}").text
    assert "glass broken" not in member.get("/tickets").text


def test_a_nudge_and_a_recertification(browser: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    member, partner = sign_in(browser, "member"), sign_in(browser, "partner")
    assert act(member, ref, "nudge").status_code == 303
    assert "nudge" not in forms_on(member.get(f"/tickets/{ref}").text)
    assert act(member, ref, "nudge").status_code == 409
    long = desk.long_open(fields=world.exception(inbound="7000"))["ref"]
    assert act(partner, long, "recertify", note="the vendor is at it").status_code == 303
    assert desk.ticket(long)["recertification"] is None


def test_operators_answer_what_no_worker_does(browser: Browser, desk: Desk) -> None:
    ref = desk.generic()["ref"]
    operator = sign_in(browser, "operator")
    assert forms_on(operator.get(f"/tickets/{ref}").text) >= {"take", "fulfil", "decline", "approve"}
    assert act(operator, ref, "take").status_code == 303
    assert act(operator, ref, "fulfil", answer="You have it.").status_code == 303
    assert "You have it." in sign_in(browser, "member").get(f"/tickets/{ref}").text


def test_several_are_decided_each_by_itself(browser: Browser, desk: Desk) -> None:
    good, bad = desk.checked(), desk.checked(clean=False, fields=world.exception(inbound="7000"))
    partner = sign_in(browser, "partner")
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
def test_red_is_for_what_is_wrong(
    browser: Browser, desk: Desk, values: dict[str, object], tone: str, words: str
) -> None:
    ref = desk.active()["ref"]
    with desk.database.reading() as session:
        now = database_now(session)
    set_on(
        desk.database,
        ref,
        **{name: now + one if isinstance(one, timedelta) else one for name, one in values.items()},
    )
    page = sign_in(browser, "member").get("/tickets").text
    assert f'class="chip {tone}"' in page
    assert words in page
    assert ("chip late" in page) is (tone == "late")


def test_the_first_page_counts_what_waits(browser: Browser, desk: Desk) -> None:
    partner = sign_in(browser, "partner")
    assert "Nothing waits for you" in partner.get("/").text
    desk.checked()
    assert "1 ticket waits for you" in partner.get("/").text


def test_renewals_grants_and_earlier_ones_are_shown(browser: Browser, desk: Desk) -> None:
    first = desk.approved()["ref"]
    desk.post(f"tickets/{first}/withdraw", {"reason": "later"})
    second = desk.checked()
    less = {"decision": "approve", "note": "half is enough", "grant": {"duration": "PT15M"}}
    assert desk.decide(second["ref"], second["version"], **less).status_code == 200
    page = sign_in(browser, "member").get(f"/tickets/{second['ref']}").text
    assert "Less was granted than was asked" in page
    assert "15 minutes" in page
    assert "1 like it" in page
    assert f'href="/tickets/{first}"' in page
