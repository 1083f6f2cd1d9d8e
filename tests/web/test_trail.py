"""The pages of the audit trail: who sees which events, the proof, and that payloads stay words."""

from __future__ import annotations

from sqlalchemy import update

from portal.models import Event
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.ticket_forms import sign_in

HOSTILE = "<script>alert(1)</script>\"'><img src=x>"


def test_events_are_those_of_tickets_that_one_may_see(local: Browser, desk: Desk) -> None:
    ref = desk.approved()["ref"]
    assert desk.send("PUT", "tenants/emojis/reject-templates/opaque", "owner", json={"text": "x"}).status_code == 200
    page = sign_in(local, "member").get("/audit").text
    assert f'href="/tickets/{ref}"' in page
    assert "gave an approval" in page
    assert "kept a reason to reject</th>" not in page.replace("\n", "")
    assert "Verify the trail" not in page
    operator = sign_in(local, "operator").get("/audit").text
    assert "template:kept</code>" in operator
    assert "Verify the trail" in operator
    books = sign_in(local, "outsider").get("/audit").text
    assert ref not in books
    assert "Nothing happened yet" in books


def test_a_search_is_kept_and_leads_to_its_next_page(local: Browser, desk: Desk) -> None:
    ref = desk.approved()["ref"]
    auditor = sign_in(local, "auditor")
    page = auditor.get(f"/audit?ticket={ref}&limit=2").text
    assert f'value="{ref}"' in page
    assert "limit=2&amp;cursor=" in page
    assert f"/audit/verification?ticket={ref}" in page
    assert f"/audit.csv?ticket={ref}" in page
    none = auditor.get("/audit?person=nobody&type=decision").text
    assert "No event is like that" in none
    assert '<option value="decision" selected>' in none
    assert auditor.get("/audit?ticket=MD-99").status_code == 404
    assert auditor.get("/audit?from=yesterday").status_code == 422
    assert sign_in(local, "outsider").get(f"/audit?ticket={ref}").status_code == 404


def test_payloads_stay_words(local: Browser, desk: Desk) -> None:
    desk.checked(reason=HOSTILE * 40)
    page = sign_in(local, "member").get("/audit").text
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "the rest is in the CSV file" in page


def test_a_proof_names_what_was_changed(local: Browser, desk: Desk) -> None:
    ref = desk.approved()["ref"]
    member, operator = sign_in(local, "member"), sign_in(local, "operator")
    assert "Proven: nothing was changed" in member.get(f"/audit/verification?ticket={ref.lower()}").text
    assert member.get("/audit/verification").status_code == 403
    with desk.database.unit_of_work() as session:
        session.execute(update(Event).where(Event.chain == ref, Event.number == 1).values(type="ticket:closed"))
    page = operator.get("/audit/verification").text
    assert "1 fault was found" in page
    assert f"{ref}, event 1: the event was changed." in page
    assert "meshdesk audit verify" in page
    assert "Proven" not in page


def test_an_empty_trail_says_so(local: Browser) -> None:
    assert "There is nothing to verify yet" in sign_in(local, "auditor").get("/audit/verification").text


def test_the_file_is_for_whoever_is_signed_in(local: Browser, desk: Desk) -> None:
    ref = desk.checked()["ref"]
    lines = sign_in(local, "member").get(f"/audit.csv?ticket={ref}&limit=1").text.splitlines()
    assert [line.split(",")[3] for line in lines] == ["type", "evidence:preflight", "ticket:submitted"]
    assert local.get("/audit.csv").status_code == 401
