"""What a ticket's picture says of waiting, restarts, broken glass and recertification, and the requests about them."""

from __future__ import annotations

from typing import Any

import pytest

from tests import world
from tests.api.desk import Desk, said

WINDOW = {"days": ["mon", "tue"], "from": "22:00", "until": "04:00"}


def test_a_pending_ticket_says_since_when_it_waits_and_when_it_lapses(desk: Desk) -> None:
    ticket = desk.checked()
    assert ticket["waiting"]["since"] == ticket["created_at"]
    assert ticket["waiting"]["nudge_from"] == ticket["created_at"]
    assert ticket["created_at"] < ticket["waiting"]["reminded_at"] < ticket["lapses_at"]
    assert ticket["restarts"] == [{"at": None, "why": "the change is applied"}]
    nudged = said(desk.post(f"tickets/{ticket['ref']}/nudge"))
    assert nudged["waiting"]["nudge_from"] > ticket["waiting"]["nudge_from"]
    again = desk.post(f"tickets/{ticket['ref']}/nudge")
    assert (again.status_code, said(again)["type"]) == (409, "/api/docs#problem-wrong-state")


def test_an_open_window_says_when_pods_restart_again(desk: Desk) -> None:
    ticket = desk.active()
    assert ticket["restarts"] == [{"at": ticket["expires_at"], "why": "the change is taken back"}]
    assert (ticket["waiting"], ticket["lapses_at"]) == (None, None)


def test_a_restart_window_is_kept_and_shown(desk: Desk) -> None:
    ticket = desk.submitted(restart_window=WINDOW)
    assert ticket["restart_window"] == WINDOW
    assert desk.approved(restart_window={"from": "00:00", "until": "00:01"}, namespace="emojivoto", fields=other())


def other() -> dict[str, Any]:
    return world.exception(workloads=["deployment/web"], inbound="7001")


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"from": "22:00"}, "restart_window.until"),
        ({"from": "24:00", "until": "04:00"}, "restart_window.from"),
        ({"from": "22:00", "until": "22:00"}, "restart_window.until"),
        ({**WINDOW, "days": ["monday"]}, "restart_window.days.0"),
        ({**WINDOW, "days": []}, "restart_window.days"),
        ({**WINDOW, "zone": "CET"}, "restart_window.zone"),
    ],
)
def test_a_restart_window_that_is_none_is_refused(desk: Desk, window: dict[str, Any], field: str) -> None:
    answer = desk.post("tickets", world.ask(restart_window=window))
    assert (answer.status_code, list(said(answer)["errors"])) == (422, [field])


def test_broken_glass_is_seen_by_all_until_it_is_reviewed(desk: Desk) -> None:
    ticket = desk.broken()
    assert (ticket["state"], ticket["break_glass"], ticket["review"]["by"]) == ("approved", True, None)
    owed = said(desk.get("tickets?owed=review", "partner"))["items"]
    assert [one["ref"] for one in owed] == [ticket["ref"]]
    words = {"justified": False, "note": "a retry would have done"}
    reviewed = said(desk.post(f"tickets/{ticket['ref']}/review", words, "partner"))
    assert {name: reviewed["review"][name] for name in ("by", "justified", "note")} == {"by": "partner", **words}
    assert said(desk.get("tickets?owed=review", "partner"))["items"] == []


def test_a_long_window_is_listed_while_its_deciders_are_asked(desk: Desk) -> None:
    ref = desk.long_open()["ref"]
    listed = said(desk.get("tickets?owed=recertification", "partner"))["items"]
    assert [one["ref"] for one in listed] == [ref]
    given = said(desk.post(f"tickets/{ref}/recertify", {"note": "the vendor is at it"}, "partner"))
    assert given["recertification"] is None
