"""A ticket's page: its way and head, evidence then and now, how to use it, granting less, and where its links lead."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from portal import audit, policy_store
from portal.db import database_now
from portal.mesh.findings import Finding, Severity
from portal.policy import default_policy
from portal.queries.watching import pulse
from portal.tickets.deciding import Preflight, attach_preflight
from portal.tickets.moving import number_of
from tests import world
from tests.api.desk import Desk
from tests.web import scenes
from tests.web.browser import Browser
from tests.web.ticket_forms import act, forms_on, sign_in

PRESENT = re.compile(r'<li class="(\w+)" aria-current="step">.*?</span> ([\w ]+)<', re.DOTALL)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
JOB = {"way": "native-sidecar", "jobs": ["cronjob/report"]}


def present(page: str) -> tuple[str, str]:
    """The tone and the word of the station that is drawn as the present one; there is exactly one."""
    found = PRESENT.findall(page)
    assert len(found) == 1, found
    return str(found[0][0]), str(found[0][1])


def page_of(browser: Browser, ref: str) -> str:
    return browser.get(f"/tickets/{ref}").text


def test_the_way_is_drawn_as_it_goes(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    ref = desk.submitted()["ref"]
    assert present(page_of(member, ref)) == ("now", "being checked")
    ticket = scenes.looked(desk, ref, *scenes.FINDINGS)
    assert present(page_of(member, ref)) == ("now", "waits for approval")
    assert desk.decide(ref, ticket["version"]).status_code == 200
    assert present(page_of(member, ref)) == ("now", "approved")
    claim = scenes.begin(desk, ref)
    assert present(page_of(member, ref)) == ("now", "being applied")
    scenes.settle(desk, claim)
    assert present(page_of(member, ref)) == ("now", "active")
    scenes.expire(desk, ref)
    assert present(page_of(member, ref)) == ("now", "being undone")
    scenes.hinder(desk, ref, "The value cannot be read any more.")
    page = page_of(member, ref)
    assert present(page) == ("failed", "being undone")
    assert '<span class="reason">The value cannot be read any more.</span>' in page
    scenes.close(desk, scenes.undo(desk, ref))
    assert present(page_of(member, ref)) == ("over", "undone")


@pytest.mark.parametrize(
    ("deed", "who", "form"),
    [("reject", "partner", {"note": "use opaque ports"}), ("withdraw", "member", {"reason": "not needed"})],
)
def test_other_ends_are_drawn_as_they_were(
    local: Browser, desk: Desk, deed: str, who: str, form: dict[str, str]
) -> None:
    ref = scenes.checked(desk)["ref"]
    assert act(sign_in(local, who), ref, deed, **form).status_code == 303
    page = page_of(sign_in(local, "member"), ref)
    assert present(page) == ("over", {"reject": "rejected", "withdraw": "withdrawn"}[deed])
    assert "to come" not in page


def test_the_head_says_what_where_who_and_until_when(local: Browser, desk: Desk) -> None:
    ticket = scenes.active(desk)
    page = page_of(sign_in(local, "member"), ticket["ref"])
    assert f"<title>{ticket['ref']} Skip 8080, 9000-9010 on emoji, voting" in page
    assert re.search(r'ends in <time datetime="[^"]+" data-until>', page)
    assert "approved by partner" in page
    assert 'data-pulse="/tickets/' in page
    assert f'data-say="{ticket["ref"]} is active.' in page


def test_the_beat_of_the_page_is_its_pulse(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    member = sign_in(local, "member")
    with desk.database.reading() as session:
        beat = pulse(session, number_of(ref), by=world.actor(session, "member"))
    assert f'data-beat="{beat}"' in page_of(member, ref)
    assert member.get(f"/tickets/{ref}/pulse").text == beat


def test_the_page_asks_often_only_while_something_is_under_way(local: Browser, desk: Desk) -> None:
    member, ref = sign_in(local, "member"), desk.submitted()["ref"]
    every = 'data-every="2"'
    assert every in page_of(member, ref)
    scenes.looked(desk, ref, *scenes.FINDINGS)
    assert every in page_of(member, ref)
    ticket = scenes.probed(desk, ref, scenes.ENCRYPTS)
    assert every not in page_of(member, ref)
    desk.decide(ref, ticket["version"])
    assert every in page_of(member, ref)
    scenes.settle(desk, scenes.begin(desk, ref))
    assert every not in page_of(member, ref)
    scenes.expire(desk, ref)
    assert every in page_of(member, ref)


def test_every_part_is_there_in_every_state_so_that_it_can_be_renewed(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    first, generic = desk.submitted()["ref"], desk.generic()["ref"]
    last = scenes.active(desk, fields=world.exception(inbound="7000"))["ref"]
    parts = [set(re.findall(r'data-part="([\w-]+)"', page_of(member, ref))) for ref in (first, generic, last)]
    assert parts[0] == parts[1] == parts[2]


def test_pods_stand_then_and_now(local: Browser, desk: Desk) -> None:
    ref = scenes.active(desk)["ref"]
    page = page_of(sign_in(local, "auditor"), ref)
    assert "Pods of deployment/emoji, then and now" in page
    assert '<td data-label="skip inbound">none</td>' in page
    assert '<strong>8080,9000-9010</strong><span class="unseen"> (changed)</span>' in page
    assert "Evidence as it is kept: applied" in page


def test_findings_that_block_come_first(local: Browser, desk: Desk) -> None:
    block = Finding("rollout-blocked", Severity.BLOCKING, "deployment/emoji", "It is paused.", "Resume it.")
    ref = scenes.checked(desk, *scenes.FINDINGS, block)["ref"]
    page = page_of(sign_in(local, "partner"), ref)
    assert page.index("It is paused.") < page.index("A single replica.") < page.index("3 pods restart")
    assert present(page) == ("failed", "checked")


def job(desk: Desk) -> str:
    ref = str(desk.submitted(kind="job-completion", fields=JOB, duration="P1D")["ref"])
    manifest = {"name": "cronjob-report.yaml", "text": "kind: CronJob\n", "notes": ["Commit it."], "withheld": []}
    with desk.database.unit_of_work() as session:
        data = {"findings": [], "targets": [{"workload": "cronjob/report", "manifest": manifest}]}
        attach_preflight(session, number_of(ref), Preflight(True, data, None), now=database_now(session))
    return ref


def test_manifests_are_downloaded_with_the_cookie(local: Browser, desk: Desk) -> None:
    ref, member = job(desk), sign_in(local, "member")
    address = f"/tickets/{ref}/manifests/cronjob-report.yaml"
    assert f'href="{address}" download' in page_of(member, ref)
    answer = member.get(address)
    assert answer.text == "# cronjob/report\n# Commit it.\nkind: CronJob\n"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert local.get(address).status_code == 401
    assert sign_in(local, "outsider").get(address).status_code == 404
    assert member.get(f"/tickets/{ref}/manifests/other.yaml").status_code == 404


def test_less_is_granted_by_the_form(local: Browser, desk: Desk) -> None:
    ref, partner = scenes.checked(desk)["ref"], sign_in(local, "partner")
    whole = {"whole.workloads": "1", "grant.workloads": "0", "grant.inbound": "8080", "grant.time": "10"}
    answer = act(partner, ref, "approve", note="one is enough", **whole, **{"grant.unit": "minutes"})
    assert answer.status_code == 303
    found = desk.ticket(ref)
    assert found["state"] == "approved"
    assert (found["fields"]["workloads"], found["fields"]["inbound"]) == (["deployment/emoji"], "8080")
    assert found["duration"] == "PT10M"
    assert "Less was granted than was asked" in page_of(partner, ref)


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"grant.inbound": "8080-8090", "note": "n"}, "was not asked: grant a part of what was"),
        ({"grant.inbound": "8080", "note": ""}, "Say why you grant less"),
        ({"grant.time": "soon", "note": "n"}, "as a whole number of minutes, hours or days"),
        ({"grant.time": "9", "grant.unit": "days", "note": "n"}, "were asked: grant less"),
        ({"grant.workloads": "", "note": "n"}, "Name 1 to 50 workloads."),
    ],
)
def test_what_is_not_less_is_refused_and_kept(local: Browser, desk: Desk, form: dict[str, str], sentence: str) -> None:
    ref, partner = scenes.checked(desk)["ref"], sign_in(local, "partner")
    answer = act(partner, ref, "approve", **{"whole.workloads": "1", "grant.workloads": "0"} | form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert '<details id="trim" open>' in answer.text
    for name in ("grant.inbound", "grant.time"):
        if name in form:
            assert f'value="{form[name]}"' in answer.text
    assert desk.ticket(ref)["state"] == "pending"


def test_a_form_that_leaves_all_approves_all(local: Browser, desk: Desk) -> None:
    ref, partner = scenes.checked(desk)["ref"], sign_in(local, "partner")
    form = {"whole.workloads": "1", "grant.inbound": "8080,9000-9010", "grant.time": ""}
    token = partner.form_token(f"/tickets/{ref}")
    sent = {**form, "form_token": token, "version": str(desk.ticket(ref)["version"]), "grant.workloads": ["0", "1"]}
    answer = partner.client.post(f"/tickets/{ref}/approve", data=sent, base_url=partner.home)
    assert answer.status_code == 303
    assert (desk.ticket(ref)["state"], desk.ticket(ref)["granted"]) == ("approved", None)


def test_links_ask_again_or_renew_where_one_may(local: Browser, desk: Desk) -> None:
    ref = scenes.active(desk)["ref"]
    renew, again = f'href="/new/encryption-exception?renews={ref}"', f'href="/new/encryption-exception?from={ref}"'
    member, auditor = sign_in(local, "member"), sign_in(local, "auditor")
    assert renew in page_of(member, ref)
    assert renew not in page_of(auditor, ref)
    follower = desk.submitted(renews=ref)["ref"]
    assert renew not in page_of(member, ref)
    desk.post(f"tickets/{follower}/withdraw", {"reason": "later"})
    assert again.replace(ref, follower) in page_of(member, follower)
    assert "/new/" not in page_of(auditor, follower).partition("<main")[2]


def test_an_operator_routes_again_once_the_policy_is_another(local: Browser, desk: Desk) -> None:
    ref, operator = scenes.checked(desk)["ref"], sign_in(local, "operator")
    assert "reroute" not in forms_on(page_of(operator, ref))
    with desk.database.unit_of_work() as session:
        text = default_policy().text + "\n# Another.\n"
        policy_store.apply_policy(session, text, by="operator", now=database_now(session))
    assert "reroute" in forms_on(page_of(operator, ref))
    assert "reroute" not in forms_on(page_of(sign_in(local, "partner"), ref))
    assert act(operator, ref, "reroute", reason="").status_code == 422
    assert act(operator, ref, "reroute", reason="the rule changed").status_code == 303
    assert "routed it again" in page_of(operator, ref)


def test_dangerous_buttons_say_what_they_do(local: Browser, desk: Desk) -> None:
    ref, pending = scenes.active(desk)["ref"], scenes.checked(desk, fields=world.exception(inbound="7000"))["ref"]
    member, partner = sign_in(local, "member"), sign_in(local, "partner")
    confirm = f'data-confirm="{ref} ends now, and what it opened is taken back. The pods of emoji, voting restart."'
    assert confirm in page_of(member, ref)
    assert confirm in page_of(partner, ref)
    asked = re.findall(r'data-confirm="([^"]+)"', page_of(member, pending))
    assert [one.partition(" ")[2][:18] for one in asked] == ["is over then, and ", "begins at once, wi"]


def test_hostile_words_stay_words_everywhere(local: Browser, desk: Desk) -> None:
    told = {"encrypted": False, "how": HOSTILE}
    ref = scenes.checked(desk, reason=HOSTILE, fields=world.exception(application_encryption=told))["ref"]
    partner = sign_in(local, "partner")
    generic = desk.generic(fields={"title": HOSTILE, "text": HOSTILE})["ref"]
    assert act(partner, ref, "question", text=HOSTILE).status_code == 303
    refused = act(partner, ref, "approve", note=HOSTILE, **{"grant.inbound": HOSTILE, "grant.time": HOSTILE})
    for page in (page_of(partner, ref), refused.text, page_of(sign_in(local, "member"), generic)):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_page_with_fifty_workloads_stays_small(local: Browser, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    many = [f"deployment/{'w' * 200}-{number}" for number in range(50)]
    with desk.database.unit_of_work() as session:
        data = {"findings": [], "targets": scenes.targets(many, ports=",".join(map(str, range(1000, 3000, 2))))}
        attach_preflight(session, number_of(ref), Preflight(True, data, None), now=database_now(session))
    assert len(sign_in(local, "partner").get(f"/tickets/{ref}").data) < 150_000


def test_a_question_is_what_it_waits_for_and_stands_in_the_story(local: Browser, desk: Desk) -> None:
    ref = scenes.checked(desk)["ref"]
    desk.post(f"tickets/{ref}/questions", {"text": "Which vendor?"}, "partner")
    page = page_of(sign_in(local, "member"), ref)
    assert present(page) == ("now", "waits for an answer")
    assert page.index("has no answer yet") < page.index('<p class="words">Which vendor?</p>')


def test_a_long_story_is_told_by_its_newest_events(local: Browser, desk: Desk) -> None:
    ref = desk.generic()["ref"]
    with desk.database.unit_of_work() as session:
        for number in range(250):
            audit.record(session, ref, audit.Deed("comment:added", "member", {"text": f"word {number}."}), now=NOW)
    page = page_of(sign_in(local, "member"), ref)
    assert "These are the newest 200 of 251." in page
    assert ("word 249." in page, "word 20." in page) == (True, False)
