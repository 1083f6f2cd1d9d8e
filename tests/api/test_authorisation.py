"""Who may do what: one table of every route that changes something, by role. A route that it does not name fails."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.models import Person
from tests import world
from tests.api.desk import Desk

WHO: tuple[str | None, ...] = (
    None,
    "member",
    "member2",
    "owner",
    "partner",
    "outsider_partner",
    "operator",
    "auditor",
)
REASON = {"reason": "no longer needed"}
AWAY = {
    "to": "partner2",
    "tenant": "emojis",
    "until": (datetime.now(UTC) + timedelta(days=7)).isoformat(),
    "reason": "on leave",
}

# Statuses in the order of WHO; the ticket is the member's and in a state that allows the verb.
TABLE: dict[str, tuple[int, ...]] = {
    "/tickets/preview": (401, 200, 200, 200, 200, 404, 403, 403),
    "/tickets": (401, 201, 201, 201, 201, 404, 403, 403),
    "/tickets/<ref>/decisions": (401, 403, 403, 403, 200, 404, 403, 403),
    "/decisions": (401, 200, 200, 200, 200, 200, 200, 200),
    "/tickets/<ref>/questions": (401, 403, 403, 201, 201, 404, 201, 403),
    "/tickets/<ref>/answers": (401, 201, 201, 201, 403, 404, 403, 403),
    "/delegations": (401, 403, 403, 201, 201, 404, 201, 403),
    "/delegations/<number>/end": (401, 403, 403, 403, 200, 404, 200, 403),
    "PUT /tenants/<name>/reject-templates/<template>": (401, 403, 403, 200, 200, 404, 403, 403),
    "DELETE /tenants/<name>/reject-templates/<template>": (401, 403, 403, 200, 200, 404, 403, 403),
    "/tickets/<ref>/withdraw": (401, 200, 403, 200, 403, 404, 403, 403),
    "/tickets/<ref>/release": (401, 200, 403, 200, 403, 404, 403, 403),
    "/tickets/<ref>/revoke": (401, 403, 403, 200, 200, 404, 200, 403),
    "/tickets/<ref>/retry": (401, 200, 403, 200, 200, 404, 200, 403),
    "/tickets/<ref>/reapply": (401, 200, 403, 200, 403, 404, 403, 403),
    "/tickets/<ref>/preflight": (401, 200, 200, 200, 200, 404, 200, 403),
    "/tickets/<ref>/comments": (401, 201, 201, 201, 201, 404, 201, 403),
    "/tickets/<ref>/take": (401, 403, 403, 403, 403, 404, 200, 403),
    "/tickets/<ref>/fulfil": (401, 403, 403, 403, 403, 404, 200, 403),
    "/tickets/<ref>/decline": (401, 403, 403, 403, 403, 404, 200, 403),
    "/tickets/<ref>/nudge": (401, 200, 200, 200, 200, 404, 403, 403),
    "/tickets/<ref>/break-glass": (401, 200, 200, 200, 200, 404, 403, 403),
    "/tickets/<ref>/review": (401, 403, 403, 403, 200, 404, 403, 403),
    "/tickets/<ref>/recertify": (401, 403, 403, 200, 200, 404, 200, 403),
    "/clusters/<name>/pause": (401, 403, 403, 403, 403, 403, 200, 403),
    "/clusters/<name>/resume": (401, 403, 403, 403, 403, 403, 200, 403),
    "/revocations": (401, 403, 403, 403, 403, 403, 200, 403),
    "/people/<person>/deactivate": (401, 403, 403, 403, 403, 403, 200, 403),
    "/people/<person>/activate": (401, 403, 403, 403, 403, 403, 200, 403),
    "/people/<person>/unbind": (401, 403, 403, 403, 403, 403, 200, 403),
}
# Pages take forms, whoever sends them: each needs the token of a form of ours, which no bearer token stands for.
PAGES = ("/sign-in/local", "/sign-out", "/sessions/<int(max=9223372036854775807):number>/end")
BODIES: dict[str, Any] = {
    "preview": world.ask(),
    "tickets": world.ask(),
    "decisions": {"decision": "approve"},
    "questions": {"text": "Which vendor is it?"},
    "answers": {"text": "The one of the tills."},
    "delegations": AWAY,
    "<template>": {"text": "Use opaque ports."},
    "withdraw": REASON,
    "release": REASON,
    "revoke": REASON,
    "break-glass": REASON,
    "review": {"justified": True, "note": "the log shows it"},
    "recertify": {"note": "the vendor is at it"},
    "comments": {"text": "Which vendor is it?"},
    "fulfil": {"answer": "They have it."},
    "decline": {"answer": "The console knows no read-only role."},
    "deactivate": REASON,
    "activate": REASON,
    "unbind": REASON,
    "pause": {"reason": "an upgrade of the mesh"},
    "revocations": {"tenant": "emojis", "dry_run": False, **REASON},
}


def paused(desk: Desk) -> dict[str, Any]:
    """No ticket, but a cluster that can be resumed."""
    assert desk.post("clusters/practice/pause", BODIES["pause"], "operator").status_code == 200
    return {"ref": "", "version": 0}


def deactivated(desk: Desk) -> dict[str, Any]:
    """No ticket, but somebody who can be brought back."""
    assert desk.post("people/partner2/deactivate", REASON, "operator2").status_code == 200
    return {"ref": "", "version": 0}


def bound(desk: Desk) -> dict[str, Any]:
    """No ticket, but somebody whom the identity provider knows."""
    with desk.database.unit_of_work() as session:
        person = session.scalars(select(Person).where(Person.name == "partner2")).one()
        person.issuer, person.subject = "https://login.example.org", "s-1"
    return {"ref": "", "version": 0}


def questioned(desk: Desk) -> dict[str, Any]:
    """A ticket that waits for an answer."""
    ref = desk.checked()["ref"]
    assert desk.post(f"tickets/{ref}/questions", BODIES["questions"], "partner").status_code == 201
    return desk.ticket(ref)


def delegated(desk: Desk) -> dict[str, Any]:
    """No ticket, but a delegation that can be ended."""
    assert desk.post("delegations", AWAY, "partner").status_code == 201
    return {"ref": "", "version": 0}


def with_template(desk: Desk) -> dict[str, Any]:
    """No ticket, but a reason to reject that can be removed."""
    kept = desk.send("PUT", "tenants/emojis/reject-templates/opaque", "owner", json=BODIES["<template>"])
    assert kept.status_code == 200
    return {"ref": "", "version": 0}


BEFORE = {
    "questions": Desk.checked,
    "answers": questioned,
    "end": delegated,
    "<template>": with_template,
    "decisions": Desk.checked,
    "withdraw": Desk.checked,
    "release": Desk.active,
    "revoke": Desk.active,
    "retry": Desk.failed,
    "reapply": Desk.drifted,
    "preflight": Desk.checked,
    "nudge": Desk.checked,
    "break-glass": Desk.checked,
    "review": Desk.broken,
    "recertify": Desk.long_open,
    "comments": Desk.submitted,
    "take": Desk.generic,
    "fulfil": Desk.generic,
    "decline": Desk.generic,
    "resume": paused,
    "activate": deactivated,
    "unbind": bound,
    "revocations": Desk.active,
}


def test_the_table_names_every_route_that_changes_something(app: Flask) -> None:
    changing = {
        f"{'' if method == 'POST' else f'{method} '}{rule.rule.removeprefix('/api/v1')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
    }
    assert changing == {*TABLE, *PAGES}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", PAGES)
def test_forms_without_the_token_of_a_page_are_refused(desk: Desk, route: str, who: str | None) -> None:
    path = re.sub("<.*>", "1", route)
    assert desk.send("POST", path, who, data={"name": "operator", "form_token": "0" * 64}).status_code == 403


def decisions(ticket: dict[str, Any]) -> dict[str, Any]:
    """A word on one ticket of several that there could be."""
    return {"items": [{"ref": ticket["ref"], "version": ticket["version"], "decision": "approve"}]}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", TABLE)
def test_each_role_gets_what_the_table_says(desk: Desk, route: str, who: str | None) -> None:
    verb = route.rsplit("/", 1)[-1]
    ticket: dict[str, Any] = BEFORE[verb](desk) if verb in BEFORE else {"ref": "", "version": 0}
    headers = {"If-Match": f'"{ticket["version"]}"'}
    method, _, path = route.rpartition(" ")
    names = {"<ref>": ticket["ref"], "tenants/<name>": "tenants/emojis", "<name>": "practice"}
    for placeholder, name in {**names, "<number>": "1", "<template>": "opaque", "<person>": "partner2"}.items():
        path = path.replace(placeholder, name)
    body = decisions(ticket) if path == "/decisions" else BODIES.get(verb)
    answer = desk.send(method or "POST", f"/api/v1{path}", who, json=body or {}, headers=headers)
    assert answer.status_code == TABLE[route][WHO.index(who)], answer.text


@pytest.mark.parametrize("who", WHO[1:])
def test_each_decision_of_several_is_allowed_as_if_it_were_alone(desk: Desk, who: str) -> None:
    made = desk.post("decisions", decisions(desk.checked()), who).get_json()["items"]
    assert [one["status"] for one in made] == [TABLE["/tickets/<ref>/decisions"][WHO.index(who)]]


def test_who_may_not_revoke_everything_ends_nothing(desk: Desk) -> None:
    ref = desk.active()["ref"]
    for who in ("owner", "partner", "auditor"):
        desk.post("revocations", BODIES["revocations"], who)
    assert desk.ticket(ref)["state"] == "active"


@pytest.mark.parametrize("path", ["tickets", "me", "kinds", "clusters", "tickets/MD-1", "delegations", "no-such-thing"])
def test_reading_needs_a_token_too(desk: Desk, path: str) -> None:
    answer = desk.get(path, None)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer mdt_unknown", "Basic bWVtYmVyOm1lbWJlcg==", "mdt_member-for-tests"]
)
def test_other_credentials_are_no_token(desk: Desk, header: str) -> None:
    assert desk.get("me", None, headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("path", ["", "/events", "/evidence", "/comments", "/history", "?wait=active&timeout=1"])
def test_a_ticket_of_another_tenant_is_not_there(desk: Desk, path: str) -> None:
    ref = desk.submitted()["ref"]
    foreign, unknown = desk.get(f"tickets/{ref}{path}", "outsider"), desk.get(f"tickets/MD-999{path}", "outsider")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.get_json()["detail"].replace(ref, "MD-999") == unknown.get_json()["detail"]
