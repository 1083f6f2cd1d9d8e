"""Who may do what: every route of the web process, tried by each role and each scope, against the table of rights."""

from __future__ import annotations

import re
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.access import tokens
from portal.access.actor import Scope
from portal.access.rights import RIGHTS, Action
from portal.db import database_now
from portal.models import Person, Role, Ticket
from tests import world
from tests.api.desk import Desk, said
from tests.api.rights_table import API, FORMS, PAGES, PIECES, PUBLIC, SECRET, TABLE, TERMS, Row, Try, foreign_token
from tests.tickets.people import put_in, service

WHO = ("member", "member2", "owner", "partner", "operator", "auditor", "outsider", "outsider_partner")
REQUESTER = "member"
numbers = count()


def route_of(key: str) -> tuple[str, str]:
    """Method and rule of a line of the table; a line may name a query to tell it from another."""
    method, path = key.split(" ")
    return method, path.partition("?")[0]


def expected(row: Row, who: str) -> int:
    """The status that the table of rights gives somebody."""
    if who in row.but:
        return row.but[who]
    if row.action is None or RIGHTS[row.action].anybody:
        return row.done
    if row.tenants and world.ROLES[who][0] == "books":
        return 404
    right, role = RIGHTS[row.action], world.ROLES[who][1]
    return row.done if role in right.roles or (right.requester and who == REQUESTER) else 403


def tried(desk: Desk, key: str, who: str, headers: dict[str, str] | None = None) -> TestResponse:
    """The answer to a route done to a new thing of its own; `headers` may sign in otherwise."""
    row, one = TABLE[key], Try(desk, who, next(numbers))
    thing = row.to(one)
    method, path = key.split(" ")
    address = re.sub(r"<(\w+)>", lambda name: str(thing[name[1]]), path)
    body = row.body(one) if callable(row.body) else row.body
    sent = {} if method == "GET" else {"json": body or {}}
    version = {"If-Match": f'"{thing["version"]}"'} if "version" in thing else {}
    return desk.send(method, address, who, headers={**version, **(headers or {})}, **sent)


def scoped(desk: Desk, who: str, *scopes: Scope) -> dict[str, str]:
    """The header of a token of somebody's with these scopes alone."""
    with desk.database.unit_of_work() as session:
        person = session.scalars(select(Person).where(Person.name == who)).one()
        terms = tokens.Terms("scoped", None, frozenset(scopes))
        _, token = tokens.mint(session, person, terms, now=database_now(session))
    return {"Authorization": f"Bearer {token}"}


def test_the_table_names_every_route(app: Flask) -> None:
    served = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in PUBLIC
    }
    pages = {("POST", form) for form in FORMS} | {("GET", page) for page in PAGES | PIECES}
    assert served == {route_of(key) for key in TABLE} | pages


# Rights are no matter of the database: once is enough of so many requests.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_sqlite
@pytest.mark.parametrize("form", sorted(FORMS))
def test_forms_without_the_token_of_a_page_are_refused(desk: Desk, form: str) -> None:
    path, sent = re.sub("<[^>]*>", "1", form), {"name": "operator", "form_token": "0" * 64}
    for who in (None, *WHO):
        assert (who, desk.send("POST", path, who, data=sent).status_code) == (who, 403)


@on_sqlite
@pytest.mark.parametrize("page", sorted(PAGES))
def test_pages_show_nothing_to_whoever_is_not_signed_in_with_a_browser(desk: Desk, page: str) -> None:
    ticket = desk.submitted(reason=SECRET)
    path = re.sub("<[^>]*>", "1", page.replace("<ref>", ticket["ref"]))
    for who in (None, *WHO):
        answer = desk.get(path, who)
        assert (who, answer.status_code) == (who, 303)
        assert answer.headers["Location"] == f"/sign-in?next={quote(path, safe='')}"
        assert SECRET not in answer.text


@on_sqlite
@pytest.mark.parametrize("piece", sorted(PIECES))
def test_pieces_of_pages_are_refused_to_whoever_is_not_signed_in(desk: Desk, piece: str) -> None:
    ticket = desk.submitted(reason=SECRET)
    for who in (None, *WHO):
        answer = desk.get(piece.replace("<ref>", ticket["ref"]), who)
        assert (who, answer.status_code) == (who, 401)


@on_sqlite
@pytest.mark.parametrize("key", TABLE)
def test_each_role_gets_what_the_table_of_rights_says(desk: Desk, key: str) -> None:
    assert tried(desk, key, REQUESTER, {"Authorization": ""}).status_code == 401
    for who in WHO:
        answer = tried(desk, key, who)
        assert (who, answer.status_code) == (who, expected(TABLE[key], who)), answer.text
        if who.startswith("outsider") and route_of(key) != ("POST", f"{API}/tickets"):
            assert SECRET not in answer.text


@on_sqlite
@pytest.mark.parametrize("key", TABLE)
def test_each_scope_gets_what_the_table_of_rights_says(desk: Desk, key: str) -> None:
    row = TABLE[key]
    who = next(one for one in WHO if expected(row, one) == row.done)
    needed = Scope.READ if row.action is None else RIGHTS[row.action].scope
    for scope in Scope:
        answer = tried(desk, key, who, scoped(desk, who, scope))
        assert (scope, answer.status_code) == (scope, row.done if needed in {scope, Scope.READ} else 403), answer.text
        if answer.status_code == 403:
            assert f"lacks the scope `{needed}`" in answer.get_json()["detail"]


@on_sqlite
@pytest.mark.parametrize("who", WHO)
def test_each_decision_of_several_is_allowed_as_if_it_were_alone(desk: Desk, who: str) -> None:
    made = said(tried(desk, f"POST {API}/decisions", who))["items"]
    assert [one["status"] for one in made] == [expected(TABLE[f"POST {API}/tickets/<ref>/decisions"], who)]


def test_fulfilling_a_pending_ticket_is_deciding_too(desk: Desk) -> None:
    ref = desk.generic()["ref"]
    path, body = f"tickets/{ref}/fulfil", {"answer": "They have it."}
    alone = desk.post(path, body, "operator", headers=scoped(desk, "operator", Scope.OPERATE))
    assert (alone.status_code, "lacks the scope `decide`" in alone.get_json()["detail"]) == (403, True)
    both = scoped(desk, "operator", Scope.OPERATE, Scope.DECIDE)
    assert desk.post(path, body, "operator", headers=both).status_code == 200


def test_every_action_of_a_route_is_one_of_the_table_of_rights() -> None:
    assert {row.action for row in TABLE.values()} - {None} <= set(Action) == set(RIGHTS)


@pytest.mark.parametrize(("who", "status"), [("operator", 200), ("auditor", 403), ("owner", 404), ("outsider", 404)])
def test_operators_end_tokens_of_others(desk: Desk, who: str, status: int) -> None:
    number = foreign_token(Try(desk, who, 0))["number"]
    assert desk.post(f"tokens/{number}/revoke", None, who).status_code == status


def test_who_is_asked_by_name_sees_that_ticket_and_no_other(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        put_in(session, "amira", "leads")
    asked, other = desk.checked(), desk.checked(fields=world.exception(inbound="9999"))
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, int(asked["ref"].removeprefix("MD-")))
        ticket.approvals = [{"from": "group:leads", "count": 1}]
    signed_in = scoped(desk, "amira", Scope.DECIDE)

    def get(path: str) -> TestResponse:
        return desk.get(path, None, headers=signed_in)

    assert [one["ref"] for one in said(get("tickets?waiting_for=me"))["items"]] == [asked["ref"]]
    for path in ("", "/events", "/evidence", "/comments"):
        assert get(f"tickets/{asked['ref']}{path}").status_code == 200
        assert get(f"tickets/{other['ref']}{path}").status_code == 404
    assert get("clusters/practice/inventory?namespace=emojivoto").status_code == 404
    assert get("tenants/emojis/services").status_code == 404
    decided = desk.decide(asked["ref"], asked["version"], None, signed_in=signed_in)
    assert (decided.status_code, decided.get_json()["state"]) == (200, "approved")
    assert decided.get_json()["decisions"][0]["roles"] == ["group:leads"]


def test_a_service_loses_what_its_owner_loses(desk: Desk) -> None:
    with desk.database.unit_of_work() as session:
        service(session, "robot", "owner", Role.OWNER, Role.MEMBER)
    headers = scoped(desk, "emojis/robot", Scope.REQUEST)

    def roles() -> Any:
        return [one["roles"] for one in said(desk.get("me", None, headers=headers))["tenants"]]

    assert roles() == [["tenant-owner"]]
    with desk.database.unit_of_work() as session:
        session.scalars(select(Person).where(Person.name == "owner")).one().active = False
    assert roles() == []
    assert desk.post("tickets", world.ask(), None, headers=headers).status_code == 404


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer mdt_unknown", "Basic bWVtYmVyOm1lbWJlcg==", "mdt_member-for-tests"]
)
def test_other_credentials_are_no_token(desk: Desk, header: str) -> None:
    answer = desk.get("me", None, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"


def test_unknown_paths_need_a_token_too(desk: Desk) -> None:
    assert desk.get("no-such-thing", None).status_code == 401


def test_a_foreign_ticket_reads_like_an_unknown_one(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    foreign, unknown = desk.get(f"tickets/{ref}", "outsider"), desk.get("tickets/MD-999", "outsider")
    assert foreign.get_json()["detail"].replace(ref, "MD-999") == unknown.get_json()["detail"]


def test_who_may_not_revoke_everything_ends_nothing(desk: Desk) -> None:
    ref = desk.active()["ref"]
    for who in ("owner", "partner", "auditor"):
        desk.post("revocations", {"tenant": "emojis", "dry_run": False, "reason": "no longer needed"}, who)
    assert desk.ticket(ref)["state"] == "active"


def test_tokens_of_a_removed_person_work_no_more(desk: Desk) -> None:
    made = said(desk.post("tokens", TERMS, "member2"))["token"]
    with desk.database.unit_of_work() as session:
        session.scalars(select(Person).where(Person.name == "member2")).one().active = False
    answer = desk.get("me", None, headers={"Authorization": f"Bearer {made}"})
    assert answer.status_code == 401
    assert "member2, whose token this is, was removed or deactivated" in answer.get_json()["detail"]
