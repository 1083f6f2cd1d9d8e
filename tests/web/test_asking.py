"""Asking on pages: who may ask where, what each form takes and refuses, and that what was typed stays."""

from __future__ import annotations

from typing import Any

import pytest

from portal.kinds.registry import KINDS
from portal.models import Membership, Namespace
from tests import world
from tests.api.desk import Desk
from tests.web.ask_forms import EXCEPTION, check, form_page, send, wrong
from tests.web.asks import ASKS, FIELDS, KIND, SOON, tickets
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in


def test_the_catalogue_says_what_each_kind_does_costs_and_needs(local: Browser) -> None:
    page = sign_in(local, "member").get("/new").text
    for kind in KINDS.values():
        assert f'href="/new/{kind.name}"' in page
        assert kind.costs.split("'")[0] in page
        assert kind.needs.split("'")[0] in page
        assert kind.costs
        assert kind.needs


@pytest.mark.parametrize(("who", "words"), [("operator", "as\n    an operator"), ("auditor", "as\n    an auditor")])
def test_who_sees_everything_asks_nothing(local: Browser, who: str, words: str) -> None:
    browser = sign_in(local, who)
    page = browser.get("/new").text
    assert words in page
    assert "/new/generic" not in page
    assert "you are in no tenant" in form_page(browser, KIND, **EXCEPTION).text
    sent = browser.send(f"/new/{KIND}", "/new", **{**EXCEPTION, "workload": "deployment/emoji"})
    assert sent.status_code == 403


def test_without_a_namespace_only_a_word_to_the_operators_can_be_sent(local: Browser, desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        for namespace in session.query(Namespace).where(Namespace.name == "bookstore"):
            session.delete(namespace)
    outsider = sign_in(local, "outsider")
    page = outsider.get("/new").text
    assert "has no namespace here yet" in page
    assert "/new/generic" in page
    assert f"/new/{KIND}" not in page
    assert "The operator" in page
    assert "has no namespace here yet" in outsider.get(f"/new/{KIND}").text
    assert send(outsider, "generic", **ASKS["generic"]).status_code == 303


def test_whoever_is_in_no_tenant_reads_whom_to_ask(local: Browser, desk: Desk) -> None:
    member2 = sign_in(local, "member2")
    with desk.database.unit_of_work() as session:
        session.query(Membership).where(Membership.person_id == world.actor(session, "member2").person_id).delete()
    page = member2.get("/new").text
    assert "You are in no tenant yet" in page
    assert "The operator" in page


def test_places_are_ones_own_and_foreign_ones_are_as_unknown(local: Browser) -> None:
    member, outsider = sign_in(local, "member"), sign_in(local, "outsider")
    page = member.get(f"/new/{KIND}?reason=because").text
    assert "cluster=playground&amp;namespace=emojivoto&amp;reason=because" in page
    assert "bookstore" not in page
    assert 'name="workload"' in outsider.get(f"/new/{KIND}").text, "the only place is chosen by itself"
    foreign = member.get(f"/new/{KIND}?cluster=practice&namespace=bookstore")
    unknown = member.get(f"/new/{KIND}?cluster=practice&namespace=bookstorf")
    assert foreign.status_code == unknown.status_code == 404
    assert "Show" not in foreign.text
    gist = [one.text.partition("<main")[2].replace("bookstorf", "bookstore") for one in (foreign, unknown)]
    assert gist[0] == gist[1]
    assert "choose one of these" in foreign.text


@pytest.mark.parametrize("kind", sorted(ASKS))
def test_each_form_makes_the_request_that_the_api_would(local: Browser, desk: Desk, kind: str) -> None:
    sent = send(sign_in(local, "member"), kind, **ASKS[kind])
    assert sent.status_code == 303, wrong(sent.text) or sent.text
    made = tickets(desk)[0]
    assert sent.headers["Location"] == f"/tickets/{made['ref']}"
    assert (made["kind"], made["fields"], made["reason"]) == (kind, FIELDS[kind], ASKS[kind]["reason"])
    assert made["requester"] == "member"
    if kind == "debug-sidecar":
        assert (made["duration"], made["starts_at"][:16]) == ("PT1H30M", SOON)


def test_the_forms_know_every_kind() -> None:
    assert ASKS.keys() == KINDS.keys()


def test_check_shows_who_decides_how_long_and_the_change_and_sends_nothing(local: Browser, desk: Desk) -> None:
    answer = check(sign_in(local, "member"), **EXCEPTION)
    assert answer.status_code == 200
    for words in (
        "1 security partner",
        "partner, partner2",
        "30 minutes</strong>",
        "90 days at the most",
        "The pods of 2 workloads",
        "deployment/voting",
        "config.linkerd.io/skip-inbound-ports",
        "single replica",
    ):
        assert words in answer.text, words
    assert wrong(answer.text) == {}
    assert tickets(desk) == []


def test_the_preview_needs_no_reason_but_says_that_it_is_missing(local: Browser) -> None:
    answer = check(sign_in(local, "member"), **{**EXCEPTION, "reason": " ", "how": ""})
    assert answer.status_code == 422
    assert wrong(answer.text).keys() == {"reason", "how"}
    assert "1 security partner" in answer.text


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"inbound": "70000"}, "inbound", "70000"),
        ({"inbound": "4143"}, "inbound", "belongs to the proxy itself"),
        ({"inbound": ""}, "inbound", "Name at least one port"),
        ({"workload": []}, "workload", "Name 1 to 50 workloads"),
        ({"workload": "deployment/gone"}, "workload", "There is no deployment/gone"),
        ({"encrypted": ""}, "encrypted", "This is needed."),
        ({"duration": "P91D"}, "duration", "at most 90 days"),
        ({"duration": "other", "length": "soon"}, "duration", "is not a duration"),
        ({"duration": "none"}, "duration", "Say for how long"),
        ({"starts_at": "2001-01-01T10:00"}, "starts_at", "That is over"),
        ({"restart_from": "22:00"}, "restart", "This is needed."),
        ({"restart_from": "22:00", "restart_until": "22:00"}, "restart", "It ends when it begins"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    local: Browser, desk: Desk, changes: dict[str, Any], field: str, words: str
) -> None:
    member, typed = sign_in(local, "member"), {**EXCEPTION, **changes}
    for answer in (check(member, **typed), send(member, **typed)):
        assert answer.status_code == 422
        assert words in wrong(answer.text)[field]
        assert f'href="#ask-{field}"' in answer.text
        assert 'aria-invalid="true"' in answer.text
        assert "vendor protocol breaks behind a proxy</textarea>" in answer.text
        assert 'value="8080, 9000-9010"' in answer.text or field == "inbound"
        for one in typed["workload"] if isinstance(typed["workload"], list) else [typed["workload"]]:
            assert f'value="{one}" checked' in answer.text
    assert tickets(desk) == []


def test_users_and_groups_are_told_apart_in_what_is_wrong(local: Browser) -> None:
    member = sign_in(local, "member")
    users = check(member, "viz-enablement", **{**ASKS["viz-enablement"], "user": "system:admin"})
    groups = check(member, "viz-enablement", **{**ASKS["viz-enablement"], "group": "sre\nsystem:masters"})
    assert wrong(users.text).keys() == {"user"}
    assert wrong(groups.text).keys() == {"group"}
    assert "sre\nsystem:masters</textarea>" in groups.text
