"""The REST API as one person uses it, and waiting for what the product does by itself: for the stories."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import requests

T = TypeVar("T")
SKIP_INBOUND = "config.linkerd.io/skip-inbound-ports"


def until(what: Callable[[], T | None], *, within: float, every: float = 0.1, words: str = "it") -> T:
    """The first true value of `what`; fails when there is none within so many seconds."""
    deadline = time.monotonic() + within
    while not (value := what()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{words} did not happen within {within} s")
        time.sleep(every)
    return value


def duration_between(first: str, second: str) -> float:
    """Seconds between two RFC 3339 times."""
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


class Api:
    """The REST API with one person's token."""

    def __init__(self, address: str, token: str) -> None:
        self.address = f"{address}/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str) -> requests.Response:
        """GET a path below /api/v1."""
        return self.session.get(self.address + path, params=query, timeout=70)

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> requests.Response:
        """POST JSON to a path below /api/v1."""
        return self.session.post(self.address + path, json=body or {}, headers=headers, timeout=30)

    def ticket(self, ref: str) -> dict[str, Any]:
        """One ticket; fails unless it answers 200."""
        answer = self.get(f"/tickets/{ref}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ask(self, **changes: Any) -> dict[str, Any]:
        """Ask for what `asking` gives, changed; fails unless it answers 201."""
        answer = self.post("/tickets", asking(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def decide(self, ref: str, decision: str = "approve", note: str = "seen") -> requests.Response:
        """Decide on what the ticket says now."""
        seen = self.get(f"/tickets/{ref}")
        headers = {"If-Match": seen.headers["ETag"]}
        return self.post(f"/tickets/{ref}/decisions", {"decision": decision, "note": note}, **headers)

    def events(self, ref: str) -> list[str]:
        """The types of a ticket's events, oldest first."""
        return [str(event["type"]) for event in self.get(f"/tickets/{ref}/events").json()["items"]]

    def moment(self, ref: str, type_: str) -> str:
        """When the first event of a type happened."""
        events = self.get(f"/tickets/{ref}/events").json()["items"]
        return str(next(event["at"] for event in events if event["type"] == type_))

    def until(self, ref: str, *states: str, within: float = 30) -> dict[str, Any]:
        """The ticket once it is in one of the states."""
        return self.until_true(ref, lambda found: found["state"] in states, f"becoming {' or '.join(states)}", within)

    def until_clean(self, ref: str) -> dict[str, Any]:
        """The ticket once its preflight is attached and clean, and the probe of what it claims has ended."""
        return self.until_true(ref, _is_clean, "a clean preflight", 20)

    def until_problem(self, ref: str, *, within: float = 30) -> str:
        """What keeps the ticket from going on, once it says so."""
        found = self.until_true(ref, lambda found: found["problem"], "a problem", within)
        return str(found["problem"])

    def until_true(
        self, ref: str, holds: Callable[[dict[str, Any]], object], words: str, within: float = 30
    ) -> dict[str, Any]:
        """The ticket once that holds of it; a failure shows the ticket as it was last."""
        last: dict[str, Any] = {}

        def looked() -> dict[str, Any] | None:
            last.update(self.ticket(ref))
            return last if holds(last) else None

        try:
            return until(looked, within=within, words=f"{ref}: {words}")
        except AssertionError as failure:
            failure.add_note(f"{ref} as it was last: {last}\nits events: {self.events(ref)}")
            raise


def _is_clean(ticket: dict[str, Any]) -> bool:
    clean = ticket["preflight"] is not None and ticket["preflight"]["clean"]
    return clean and (ticket["probe"] or {}).get("state") != "running"


def asking(**changes: Any) -> dict[str, Any]:
    """The issue's own request, with `changes` to the envelope or (by the same names) to the fields."""
    fields = {
        "workloads": ["deployment/emoji", "deployment/voting"],
        "mode": "skip-ports",
        "inbound": "8080,9000-9010",
        "outbound": "",
        "application_encryption": {"encrypted": True, "how": "TLS 1.3 in the server, certificate of the tenant"},
    }
    envelope: dict[str, Any] = {
        "kind": "encryption-exception",
        "cluster": "practice",
        "namespace": "emojivoto",
        "duration": "PT30M",
        "reason": "vendor protocol breaks behind a proxy",
    }
    envelope.update({key: value for key, value in changes.items() if key not in fields})
    fields.update({key: value for key, value in changes.items() if key in fields})
    return {**envelope, "fields": fields}


def approved(member: Api, partner: Api, **changes: object) -> str:
    """The reference of a ticket that was asked and approved."""
    ref = str(member.ask(**changes)["ref"])
    member.until_clean(ref)
    answer = partner.decide(ref)
    assert answer.status_code == 200, answer.text
    return ref
