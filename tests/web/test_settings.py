"""Settings: who one is, tokens, how one is told, and absences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from portal.models import ApiToken, Delegation, Membership, Person
from tests.api.desk import Desk
from tests.web.browser import Browser
from tests.web.settings_forms import SECRET, TERMS, actions, send
from tests.web.ticket_forms import sign_in

TOKENS, ABSENCES, NOTIFICATIONS = "/settings/tokens", "/settings/absences", "/settings/notifications"
HOSTILE = "<script>alert(1)</script>"


def later(**span: Any) -> str:
    """A time to come, as a browser's field says it: in UTC, without a zone."""
    return f"{datetime.now(UTC) + timedelta(**span):%Y-%m-%dT%H:%M}"


def away(**changes: str) -> dict[str, str]:
    return {"tenant": "emojis", "to": "partner2", "until": later(days=7), "reason": "on leave", **changes}


def test_settings_say_who_one_is_and_lead_on(local: Browser, desk: Desk) -> None:
    page = sign_in(local, "partner").get("/settings").text
    assert "by the local sign-in" in page
    assert "Security partner" in page
    assert "your name in the registry" in page
    assert "this browser" in page
    for address in (TOKENS, NOTIFICATIONS, ABSENCES, "/settings/tenants"):
        assert f'href="{address}"' in page


def test_who_has_no_role_is_told_whom_to_ask(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    with desk.database.unit_of_work() as session:
        number = session.scalars(select(Person.id).where(Person.name == "member")).one()
        for model in (ApiToken, Membership):
            session.execute(delete(model).where(model.person_id == number))
    page = member.get("/settings").text
    assert "You have no role yet" in page
    assert "The operator" in page
    assert "You have no token yet" in member.get(TOKENS).text
    assert "You are in no tenant" in member.get("/settings/tenants").text


def test_a_session_elsewhere_is_ended_from_settings(local: Browser, desk: Desk) -> None:
    here, elsewhere = sign_in(local, "member"), sign_in(local, "member")
    numbers = sorted(map(int, actions(here.get("/settings").text, r"/sessions/(\d+)/end")))
    assert len(numbers) == 2
    answer = here.send(f"/sessions/{numbers[1]}/end")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/settings?done=ended")
    assert "That session has ended" in here.get("/settings?done=ended").text
    assert elsewhere.get("/settings").status_code == 303
    assert here.send(f"/sessions/{numbers[0]}/end").headers["Location"] == "/sign-in"


def test_a_token_is_shown_once_works_and_is_revoked(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    answer = send(member, TOKENS, TOKENS, **TERMS)
    assert answer.status_code == 201
    token = set(SECRET.findall(answer.text))
    assert len(token) == 1
    secret = token.pop()
    assert f"export MESHDESK_TOKEN={secret}" in answer.text
    me = desk.get("me", None, headers={"Authorization": f"Bearer {secret}"})
    assert (me.status_code, me.get_json()["scopes"]) == (200, ["read", "request"])
    page = member.get(TOKENS).text
    assert not SECRET.search(page)
    assert "report at night" in page
    number = max(map(int, actions(page, rf"{TOKENS}/(\d+)/revoke")))
    gone = send(member, f"{TOKENS}/{number}/revoke", TOKENS, back=f"{TOKENS}?state=working")
    assert gone.headers["Location"] == f"{TOKENS}?state=working&done=revoked"
    assert "works no longer" in member.get(gone.headers["Location"]).text
    assert "report at night" not in member.get(f"{TOKENS}?state=working").text
    assert "report at night" in member.get(f"{TOKENS}?state=over").text
    assert desk.get("me", None, headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    again = send(member, f"{TOKENS}/{number}/revoke", TOKENS)
    assert (again.status_code, "was revoked already" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "  "}, "Give 1 to 200 characters"),
        ({"scopes": []}, "Name at least one"),
        ({"scopes": ["everything"]}, "Use some of"),
        ({"number": "91"}, "at most 90 days"),
        ({"number": "soon"}, "is not a duration"),
        ({"number": "0"}, "above zero"),
    ],
    ids=str,
)
def test_a_token_that_is_refused_keeps_what_was_typed(
    local: Browser, desk: Desk, changes: dict[str, Any], words: str
) -> None:
    member = sign_in(local, "member")
    form = {**TERMS, "name": f'"{HOSTILE}', "unit": "days", **changes}
    answer = send(member, TOKENS, TOKENS, **form)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert HOSTILE not in answer.text
    if "name" not in changes:
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert not SECRET.search(answer.text)
    with desk.database.reading() as session:
        assert session.scalar(select(ApiToken).where(ApiToken.name != "tests")) is None


def test_tokens_of_others_are_none_of_ones_own(local: Browser, desk: Desk) -> None:
    made = desk.post("tokens", {"name": "of the partner", "scopes": ["read"], "lifetime": "P1D"}, "partner").get_json()
    member = sign_in(local, "member")
    assert "of the partner" not in member.get(f"{TOKENS}?whose=everybody").text
    for number in (made["id"], 10**30, "x"):
        answer = send(member, f"{TOKENS}/{number}/revoke", TOKENS)
        assert (answer.status_code, "There is no token" in answer.text) == (404, True)
    with desk.database.reading() as session:
        assert session.get_one(ApiToken, made["id"]).revoked_at is None


def test_many_tokens_stand_on_pages_that_lead_on(local: Browser, desk: Desk) -> None:
    for number in range(3):
        desk.post("tokens", {"name": f"report {number}", "scopes": ["read"], "lifetime": "P1D"})
    member = sign_in(local, "member")
    first = member.get(f"{TOKENS}?limit=2&state=working").text
    assert ("report 2" in first, "report 0" in first) == (True, False)
    following = first.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "state=working" in following
    second = member.get(following).text
    assert ("report 2" in second, "report 0" in second) == (False, True)
    assert member.get(f"{TOKENS}?cursor=nonsense").status_code == 422
    assert "No token of yours is like that" in member.get(f"{TOKENS}?state=over").text


def test_preferences_are_kept_and_urgent_ones_are_not_muted(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    assert 'value="break-glass"' not in member.get(NOTIFICATIONS).text
    answer = send(member, NOTIFICATIONS, NOTIFICATIONS, often="daily", muted=["active", "ended"])
    assert answer.headers["Location"] == f"{NOTIFICATIONS}?done=told"
    kept = desk.get("me/notifications").get_json()
    assert (kept["digest"], kept["muted"]) == (True, ["active", "ended"])
    page = member.get(NOTIFICATIONS).text
    assert 'value="daily" checked' in page
    assert 'value="active" checked' in page
    assert 'value="decided" checked' not in page
    for form in (
        {"often": "daily", "muted": ["break-glass"]},
        {"often": "daily", "muted": ["x"]},
        {"muted": ["active"]},
    ):
        refused = send(member, NOTIFICATIONS, NOTIFICATIONS, **form)
        assert (refused.status_code, 'role="alert"' in refused.text) == (422, True)
    refused = send(member, NOTIFICATIONS, NOTIFICATIONS, often="at-once", muted=["decided", "drift-x"])
    assert 'value="decided" checked' in refused.text
    assert desk.get("me/notifications").get_json() == kept


def test_an_absence_is_made_seen_and_ended(local: Browser, desk: Desk) -> None:
    partner = sign_in(local, "partner")
    assert "Nobody is away" in partner.get(ABSENCES).text
    answer = send(partner, ABSENCES, ABSENCES, **away())
    assert answer.headers["Location"] == f"{ABSENCES}?done=away"
    page = partner.get(ABSENCES).text
    assert "on leave" in page
    number = actions(page, rf"{ABSENCES}/(\d+)/end")[0]
    assert "on leave" in sign_in(local, "member").get(ABSENCES).text
    assert "on leave" not in sign_in(local, "outsider_partner").get(ABSENCES).text
    assert not actions(sign_in(local, "owner").get(ABSENCES).text, rf"{ABSENCES}/(\d+)/end")
    refused = send(sign_in(local, "owner"), f"{ABSENCES}/{number}/end", ABSENCES)
    assert (refused.status_code, "Only who made it" in refused.text) == (403, True)
    assert send(sign_in(local, "outsider_partner"), f"{ABSENCES}/{number}/end", ABSENCES).status_code == 404
    done = send(sign_in(local, "partner2"), f"{ABSENCES}/{number}/end", ABSENCES)
    assert done.headers["Location"] == f"{ABSENCES}?done=back"
    assert send(partner, f"{ABSENCES}/{number}/end", ABSENCES).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"to": HOSTILE}, 422, "cannot decide for others"),
        ({"to": "partner"}, 422, "Name somebody else"),
        ({"until": later(days=80)}, 422, "At most 60 days"),
        ({"until": "tomorrow"}, 422, "Write it as a date and a time"),
        ({"until": ""}, 422, "Write it as a date and a time"),
        ({"from": later(days=8)}, 422, "It must end after it begins"),
        ({"reason": " "}, 422, "Give 1 to 4000 characters"),
        ({"tenant": "books"}, 404, "No tenant of yours is called books"),
    ],
    ids=str,
)
def test_an_absence_that_is_refused_keeps_what_was_typed(
    local: Browser, desk: Desk, changes: dict[str, str], status: int, words: str
) -> None:
    partner = sign_in(local, "partner")
    answer = send(partner, ABSENCES, ABSENCES, **away(**{"reason": "my very own reason", **changes}))
    assert answer.status_code == status
    assert words in answer.text
    assert HOSTILE not in answer.text
    if "reason" not in changes:
        assert 'value="my very own reason"' in answer.text
    with desk.database.reading() as session:
        assert session.scalar(select(Delegation)) is None


def test_who_decides_nowhere_has_nothing_to_leave(local: Browser, desk: Desk) -> None:
    member = sign_in(local, "member")
    assert f'action="{ABSENCES}"' not in member.get(ABSENCES).text
    answer = send(member, ABSENCES, ABSENCES, **away())
    assert (answer.status_code, "Only an owner" in answer.text) == (403, True)


@pytest.mark.parametrize("path", [TOKENS, NOTIFICATIONS, ABSENCES, "/settings/tenants/emojis/reasons"])
def test_forms_of_elsewhere_change_nothing(local: Browser, desk: Desk, path: str) -> None:
    partner = sign_in(local, "partner")
    for token in ({}, {"form_token": "0" * 64}, {"form_token": sign_in(local, "partner").form_token()}):
        assert partner.post(path, {"name": "x", "text": "x", "often": "daily", **token}).status_code == 403
