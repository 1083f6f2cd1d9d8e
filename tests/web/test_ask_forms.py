"""The form of a kind: what its address fills in, what it offers to choose from, what it says of itself."""

from __future__ import annotations

import pytest

from portal.web.asking import catalogue
from portal.web.asking.draft import OTHERS
from tests import world
from tests.api.desk import Desk
from tests.unit.test_docs import ROOT
from tests.web.ask_forms import EXCEPTION, check, form_page, send, wrong
from tests.web.asks import ASKS, FIELDS, KIND, SOON, tickets
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"


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
    assert 'name="namespace" value="emojivoto" checked' in egress, "there is but one"


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


def test_whoever_has_one_place_chooses_none_and_a_paused_cluster_says_so(local: Browser, desk: Desk) -> None:
    assert desk.post("clusters/practice/pause", {"reason": "an upgrade"}, "operator").status_code == 200
    member, outsider = sign_in(local, "member"), sign_in(local, "outsider")
    for kind in (KIND, "viz-enablement"):
        one, several = outsider.get(f"/new/{kind}").text, form_page(member, kind, cluster="practice").text
        assert ["Choose another" in page for page in (one, several)] == [False, True]
        assert ["nothing new begins there: an upgrade" in page for page in (one, several)] == [True, True]
