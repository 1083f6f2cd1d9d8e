"""Idempotency-Key: one effect however often a request is sent, and the answer that the first one got."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.db import Database
from portal.models import Event, IdempotentAnswer, Ticket
from tests import world
from tests.api.desk import Desk

KEY = {"Idempotency-Key": "0b9b6c8e-6d5e-4c8f-9a53-6d1c6f1f9f11"}


def count(database: Database, table: Any) -> int:
    """How many rows a table has."""
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_the_same_request_again_gets_the_first_answer(desk: Desk) -> None:
    first = desk.post("tickets", world.ask(), headers=KEY)
    again = desk.post("tickets", world.ask(), headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (again.headers["ETag"], again.headers["Location"]) == (first.headers["ETag"], first.headers["Location"])
    assert count(desk.database, Ticket) == 1


def test_the_first_answer_stays_when_the_ticket_has_moved_on(desk: Desk) -> None:
    ticket = desk.checked()
    body, headers = {"decision": "approve"}, {**KEY, "If-Match": f'"{ticket["version"]}"'}
    path = f"tickets/{ticket['ref']}/decisions"
    first = desk.post(path, body, "partner", headers=headers)
    desk.post(f"tickets/{ticket['ref']}/withdraw", {"reason": "found another way"})
    again = desk.post(path, body, "partner", headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.get_json()["state"] == "approved"


def test_the_same_key_with_another_body_is_refused(desk: Desk) -> None:
    desk.post("tickets", world.ask(), headers=KEY)
    answer = desk.post("tickets", world.ask(duration="PT31M"), headers=KEY)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "/api/docs#problem-key-reused")
    assert count(desk.database, Ticket) == 1


def test_the_same_key_on_another_path_is_refused(desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    assert desk.post(f"tickets/{ref}/preflight", headers=KEY).status_code == 200
    assert desk.post(f"tickets/{ref}/retry", headers=KEY).get_json()["type"].endswith("key-reused")


def test_a_key_is_a_persons_own(desk: Desk) -> None:
    desk.post("tickets", world.ask(), headers=KEY)
    answer = desk.post("tickets", world.ask(duration="PT31M", namespace="bookstore"), "outsider", headers=KEY)
    assert answer.status_code == 201


def test_a_refusal_is_not_kept(desk: Desk) -> None:
    assert desk.post("tickets", world.ask(reason=" "), headers=KEY).status_code == 422
    ticket = desk.submitted()
    assert desk.post("tickets", world.ask(), headers=KEY).status_code == 409
    desk.post(f"tickets/{ticket['ref']}/withdraw", {"reason": "found another way"})
    assert desk.post("tickets", world.ask(), headers=KEY).status_code == 201
    assert count(desk.database, IdempotentAnswer) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "schlüssel"])
def test_a_key_that_is_none_is_refused(desk: Desk, key: str) -> None:
    answer = desk.post("tickets", world.ask(), headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.get_json()["errors"]
    assert count(desk.database, Ticket) == 0


def test_two_at_the_same_instant_have_one_effect(app: Flask, desk: Desk) -> None:
    def submit(_: int) -> TestResponse:
        return Desk(app.test_client(), desk.database).post("tickets", world.ask(), headers=KEY)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(submit, range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert {answer.get_json()["ref"] for answer in answers} == {"MD-1"}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 3
    assert count(desk.database, Ticket) == 1


def test_two_comments_at_the_same_instant_are_one(app: Flask, desk: Desk) -> None:
    ref = desk.submitted()["ref"]
    before = count(desk.database, Event)

    def say(_: int) -> int:
        one = Desk(app.test_client(), desk.database)
        return one.post(f"tickets/{ref}/comments", {"text": "Which vendor is it?"}, headers=KEY).status_code

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(say, range(4))) == [201] * 4
    assert len(desk.get(f"tickets/{ref}/comments").get_json()["items"]) == 1
    assert count(desk.database, Event) == before + 1
