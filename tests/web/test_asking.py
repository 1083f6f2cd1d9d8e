"""Asking on pages: who may ask where, what each form takes and refuses, and that what was typed stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.kinds.registry import KINDS
from portal.models import Membership, Namespace
from portal.web.asking import catalogue
from portal.web.asking.draft import OTHERS
from tests import world
from tests.api.desk import Desk, said
from tests.unit.test_docs import ROOT
from tests.web.ask_forms import EXCEPTION, Controls, check, form_page, send, wrong
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"
KIND = "encryption-exception"
SOON = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%M}"
ASKS: dict[str, dict[str, Any]] = {
    KIND: EXCEPTION,
    "debug-sidecar": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "workload": "deployment/web",
        "duration": "other",
        "length": "1h30m",
        "reason": "who talks to it",
        "starts_at": SOON,
        "restart_from": "22:00",
        "restart_until": "04:00",
        "restart_days": ["mon", "sun"],
    },
    "viz-enablement": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "user": "member@example.com\r\n",
        "group": "sre\r\nleads",
        "restart": "yes",
        "duration": "PT1H",
        "reason": "why it is slow",
    },
    "control-plane-egress": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "dns": "no",
        "peers": "yes",
        "if_alone": "allow-everything-else",
        "duration": "none",
        "reason": "egress is closed",
    },
    "job-completion": {
        "cluster": "practice",
        "namespace": "emojivoto",
        "workload": "cronjob/report",
        "way": "no-proxy",
        "calls_nothing": "yes",
        "encrypted": "no",
        "how": "it sends nothing secret",
        "duration": "P7D",
        "reason": "runs pile up",
    },
    "generic": {"title": "A console", "text": "Read-only.", "reason": "the audit"},
}
FIELDS: dict[str, dict[str, Any]] = {
    KIND: {**world.exception(), "application_encryption": {"encrypted": True, "how": "TLS 1.3 in the server"}},
    "debug-sidecar": {"workloads": ["deployment/web"]},
    "viz-enablement": {
        "namespaces": ["emojivoto"],
        "subjects": [
            {"kind": "Group", "name": "leads"},
            {"kind": "Group", "name": "sre"},
            {"kind": "User", "name": "member@example.com"},
        ],
        "restart": True,
    },
    "control-plane-egress": {
        "namespaces": ["emojivoto"],
        "pods": "injected",
        "dns": False,
        "node_local_dns": False,
        "peers": True,
        "if_alone": "allow-everything-else",
    },
    "job-completion": {
        "jobs": ["cronjob/report"],
        "way": "no-proxy",
        "variant": None,
        "calls": [],
        "application_encryption": {"encrypted": False, "how": "it sends nothing secret"},
    },
    "generic": {"title": "A console", "text": "Read-only."},
}


def tickets(desk: Desk, who: str = "member") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = said(desk.get("tickets", who))["items"]
    return found


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


def test_the_same_asked_again_leads_to_the_ticket_that_there_is(local: Browser, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    answer = send(sign_in(local, "member"), **EXCEPTION)
    assert answer.status_code == 409
    assert f'<a href="/tickets/{ref}">See {ref}</a>' in answer.text
    assert "1 security partner" not in answer.text


def test_an_address_fills_in_the_form(local: Browser) -> None:
    page = form_page(sign_in(local, "member"), KIND, **{**EXCEPTION, "duration": "3h", "encrypted": "no"}).text
    assert 'value="deployment/voting" checked' in page
    assert 'name="encrypted" value="no" checked' in page
    assert 'name="duration" value="other" checked' in page
    assert 'id="length" value="3h"' in page
    assert "1 tenant owner" in page, "what it would meet is told at once"
    assert wrong(page) == {}


def test_an_empty_form_has_no_errors_and_the_shortest_usual_time(local: Browser) -> None:
    member = sign_in(local, "member")
    page = form_page(member, KIND, cluster="practice").text
    assert wrong(page) == {}
    assert 'name="duration" value="P1D" checked' in page
    assert "aria-invalid" not in page
    egress = form_page(member, "control-plane-egress", cluster="practice").text
    assert 'name="duration" value="none" checked' in egress
    assert 'name="duration" value="none"' not in page


def test_the_workloads_say_why_they_cannot_or_may_not_work(local: Browser) -> None:
    member = sign_in(local, "member")
    page = form_page(member, KIND, cluster="practice").text
    assert "exposes 8080, 8801" in page
    assert "The Deployment&#39;s rollout is paused" in page
    assert "Not meshed: " in page
    assert 'value="pod/shell" disabled' in page
    assert "A bare pod cannot be changed" in page
    debug = form_page(member, "debug-sidecar", cluster="practice").text
    assert 'value="cronjob/report" disabled' in debug
    jobs = form_page(member, "job-completion", cluster="practice").text
    assert "deployment/web" not in jobs
    assert 'value="cronjob/report">' in jobs


def test_other_steps_keep_what_was_typed_in_the_address(local: Browser) -> None:
    member = sign_in(local, "member")
    place = check(member, **EXCEPTION, step="place")
    assert place.status_code == 303
    assert "reason=vendor+protocol" in place.headers["Location"]
    assert "namespace" not in place.headers["Location"]
    assert "form_token" not in place.headers["Location"]
    assert 'class="person"' in member.get(place.headers["Location"]).text
    found = member.get(check(member, **EXCEPTION, step="find", find="stor").headers["Location"]).text
    assert 'value="statefulset/store"' in found
    assert 'value="deployment/web"' not in found
    assert 'value="deployment/emoji" checked' in found
    long = check(member, **{**EXCEPTION, "reason": "long " * 790}, step="find", find="stor")
    assert long.status_code == 200
    assert "long long" in long.text


def test_a_long_list_is_cut_and_searched(local: Browser, desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        for number in range(1000):
            workload = world.Workload("deployment", f"one-{number:04}", (8080,))
            session.add(world.row("practice", "emojivoto", workload))
    member = sign_in(local, "member")
    whole = form_page(member, KIND, cluster="practice")
    assert len(whole.data) < 150_000
    assert "of 1011 are shown" in whole.text
    assert "one-0999" not in whole.text
    assert 'value="deployment/one-0999"' in form_page(member, KIND, cluster="practice", find="deployment/one-0999").text
    chosen = form_page(member, KIND, cluster="practice", workload="deployment/one-0998").text
    assert 'value="deployment/one-0998" checked' in chosen


def test_what_scripts_ask_for_is_the_pieces_alone(local: Browser) -> None:
    answer = check(sign_in(local, "member"), **{**EXCEPTION, "inbound": "x"}, part="")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'data-part="verdict"' in answer.text
    assert "inbound" in wrong(answer.text)
    assert 'data-part="picks"' not in answer.text


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


def test_hostile_words_stay_words(local: Browser) -> None:
    member = sign_in(local, "member")
    typed = {
        **EXCEPTION,
        "reason": HOSTILE,
        "inbound": HOSTILE,
        "workload": HOSTILE,
        "length": HOSTILE,
        "duration": "other",
    }
    for page in (form_page(member, KIND, **typed), check(member, **typed), check(member, **typed, step="find")):
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
    assert "{{ 7 * 7 }}" in check(member, **typed).text
    generic = check(member, "generic", title=HOSTILE, text=HOSTILE, about=HOSTILE, reason="x")
    assert "<img" not in generic.text


def test_the_address_of_a_checked_form_leads_to_an_empty_one(local: Browser) -> None:
    member = sign_in(local, "member")
    assert member.get(f"/new/{KIND}/preview").headers["Location"] == f"/new/{KIND}"
    assert member.get("/new/nonsense").status_code == 404
    assert member.get("/new/nonsense/preview").status_code == 404


def test_several_tenants_are_told_apart(local: Browser, desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        world.join(session, "member", "books")
    member = sign_in(local, "member")
    page = form_page(member, "generic").text
    assert 'value="tenant:books"' in page
    assert 'value="practice/bookstore"' in page
    unsaid = check(member, "generic", **ASKS["generic"])
    assert "You belong to several" in wrong(unsaid.text)["about"]
    assert send(member, "generic", **ASKS["generic"], about="practice/bookstore").status_code == 303
    assert tickets(desk)[0]["tenant"] == "books"
    mixed = {**ASKS["viz-enablement"], "namespace": ["emojivoto", "bookstore"]}
    assert "of several tenants" in wrong(check(member, "viz-enablement", **mixed).text)["namespace"]


def test_a_kind_without_a_form_gets_a_plain_one(local: Browser, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("debug-sidecar", "control-plane-egress"):
        monkeypatch.delitem(catalogue.FORMS, kind)
    member = sign_in(local, "member")
    assert 'href="/new/debug-sidecar"' in member.get("/new").text
    assert send(member, "debug-sidecar", **ASKS["debug-sidecar"]).status_code == 303
    assert tickets(desk)[0]["fields"] == FIELDS["debug-sidecar"]
    page = form_page(member, "control-plane-egress", cluster="practice").text
    assert 'name="if_alone" value="allow-everything-else"' in page
    assert 'name="namespace" value="emojivoto"' in page


def test_the_parameters_of_the_address_are_written_down() -> None:
    page = (ROOT / "docs" / "pages.md").read_text()
    names = {one.name for form in catalogue.FORMS.values() for one in form.fields}
    assert {name for name in (*names, "renews", "from", *OTHERS) if f"`{name}`" not in page} == {"length"}


def test_the_start_and_the_hours_of_restarts_are_told(local: Browser) -> None:
    page = check(sign_in(local, "member"), "debug-sidecar", **ASKS["debug-sidecar"]).text
    assert f'Not before <time datetime="{SOON}' in page
    assert "22:00 to 04:00 UTC on mon, sun" in page
