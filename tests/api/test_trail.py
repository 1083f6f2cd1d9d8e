"""The audit trail by the API: who sees which events, and that changes of them are found."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import update

from portal import audit
from portal.access.actor import WORKER
from portal.db import database_now
from portal.models import Event
from portal.queries import trail
from portal.tickets import proving
from tests.api.desk import Desk, said


def events(desk: Desk, query: str = "", who: str = "auditor") -> list[tuple[str, str]]:
    answer = desk.get(f"audit/events?{query}", who)
    assert answer.status_code == 200, answer.text
    return [(one["chain"], one["type"]) for one in said(answer)["items"]]


@pytest.mark.parametrize("few", [trail.FEW, 0], ids=["few", "many"])
def test_each_sees_the_events_of_the_tickets_that_they_may_see(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(trail, "FEW", few)
    ref = desk.approved()["ref"]
    assert desk.send("PUT", "tenants/emojis/reject-templates/opaque", "owner", json={"text": "x"}).status_code == 200
    own = events(desk, who="member")
    assert {chain for chain, _ in own} == {ref}
    assert (ref, "decision:approve") in own
    assert own[-1] == (ref, "ticket:submitted")
    assert ("system", "template:kept") in events(desk)
    assert ("system", "template:kept") not in own
    assert events(desk, who="outsider") == []
    assert events(desk, "tenant=books") == []
    assert events(desk, "tenant=emojis") == own


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ("person=partner", {"decision:approve", "ticket:approved"}),
        ("type=decision", {"decision:approve"}),
        ("type=ticket:submitted", {"ticket:submitted"}),
        ("ticket=md-1&type=evidence", {"evidence:preflight"}),
        ("from=2099-01-01", set()),
        ("until=2020-01-01", set()),
        ("type=nothing", set()),
    ],
)
def test_searched_by_person_type_ticket_and_time(desk: Desk, query: str, types: set[str]) -> None:
    desk.approved()
    assert {type_ for _, type_ in events(desk, query)} == types


def test_pages_lead_to_every_event_once(desk: Desk) -> None:
    desk.approved()
    whole, seen, path = events(desk), [], "audit/events?limit=2"
    while path:
        answer = desk.get(path, "auditor")
        seen += [(one["chain"], one["type"]) for one in said(answer)["items"]]
        link = answer.headers.get("Link")
        path = link.partition(">")[0].lstrip("<") if link else ""
    assert seen == whole


def test_foreign_tickets_are_none(desk: Desk) -> None:
    ref = desk.checked()["ref"]
    for path in ("audit/events", "audit/events.csv", "audit/verification"):
        assert desk.get(f"{path}?ticket={ref}", "outsider").status_code == 404
        assert desk.get(f"{path}?ticket=MD-99", "auditor").status_code == 404
        assert desk.get(f"{path}?ticket={ref}", "member").status_code == 200


def test_events_as_a_file(desk: Desk) -> None:
    ref = desk.checked(reason="@import")["ref"]
    answer = desk.get(f"audit/events.csv?ticket={ref}", "member")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["type"] for row in rows] == ["evidence:preflight", "ticket:submitted"]
    assert rows[0]["previous"] == rows[1]["hash"]
    assert '"reason":"@import"' in rows[1]["payload"]


def test_what_was_changed_is_found(desk: Desk) -> None:
    ref, other = desk.approved()["ref"], desk.generic()["ref"]
    proof = said(desk.get(f"audit/verification?ticket={ref}", "member"))
    assert (proof["chains"], proof["faults"], proof["seal"]) == (1, [], None)
    with desk.database.unit_of_work() as session:
        session.execute(update(Event).where(Event.chain == ref, Event.number == 2).values(actor="outsider"))
    for path in (f"audit/verification?ticket={ref}", "audit/verification"):
        assert said(desk.get(path, "auditor"))["faults"] == [
            {"chain": ref, "number": 2, "sentence": "the event was changed"}
        ]
    assert said(desk.get(f"audit/verification?ticket={other}", "member"))["faults"] == []


def test_a_tail_that_vanished_differs_from_the_seal(desk: Desk) -> None:
    ref = desk.approved()["ref"]
    with desk.database.unit_of_work() as session:
        audit.seal(session, actor=WORKER.name, now=database_now(session))
    assert said(desk.get(f"audit/verification?ticket={ref}", "member"))["seal"]["number"] == 1
    with desk.database.unit_of_work() as session:
        last = session.query(Event).filter_by(chain=ref).order_by(Event.number.desc()).first()
        assert last is not None
        head = session.get_one(audit.AuditChain, ref)
        head.length, head.head = last.number - 1, last.previous
        session.delete(last)
    (fault,) = said(desk.get(f"audit/verification?ticket={ref}", "member"))["faults"]
    assert fault["sentence"] == "differs from what seal 1 remembers"


def test_the_whole_trail_is_proven_piece_by_piece(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proving, "AT_ONCE", 2)
    for number in range(3):
        desk.generic(fields={"title": f"Console {number}", "text": "Read-only."})
    first = desk.get("audit/verification", "operator")
    assert said(first)["chains"] == 2
    path = first.headers["Link"].partition(">")[0].lstrip("<")
    second = desk.get(path, "operator")
    assert said(second)["chains"] == 1
    assert "Link" not in second.headers
    assert desk.get("audit/verification", "owner").status_code == 403


def test_no_time_left_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.generic()
    monkeypatch.setattr(proving, "SECONDS", -1.0)
    assert said(desk.get("audit/verification", "operator"))["chains"] == 0
