"""What the pages of Settings have in common: the way from one to the other, and the sentence on what was just done."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from portal.web.doing import DONE
from portal.web.page import render

SETTINGS = "/settings"
TABS = (
    ("You", SETTINGS),
    ("Tokens", f"{SETTINGS}/tokens"),
    ("Notifications", f"{SETTINGS}/notifications"),
    ("Absences", f"{SETTINGS}/absences"),
    ("Tenants", f"{SETTINGS}/tenants"),
)
SAID = {
    "ended": "That session has ended: whoever used it has to sign in again.",
    "revoked": "That token works no longer.",
    "told": "You are told like this from now on.",
    "away": "It is noted: they decide in your place for that time.",
    "back": "That absence is over.",
    "kept": "The reason is kept: whoever rejects may choose it now.",
    "forgotten": "The reason is gone. Tickets that were rejected with it keep its words.",
    "made": "The service is there. It can do nothing until you make it a token.",
    "removed": "The service is gone, and its tokens work no longer.",
}
"""What a form has done, by the word that the address has of it."""


def settings_page(template: str, status: int = 200, **context: Any) -> Response:
    """A page of Settings."""
    said = SAID.get(request.args.get(DONE, ""), "") if request.method == "GET" else ""
    return render(f"settings/{template}", status, tabs=tabs(TABS), said=said, **context)


def tabs(places: tuple[tuple[str, str], ...]) -> list[tuple[str, str, bool]]:
    """Name, address, and whether the present page is within it, of each page of an area; the first is its root."""
    root = places[0][1]
    return [
        (name, address, request.path == address or (address != root and request.path.startswith(f"{address}/")))
        for name, address in places
    ]
