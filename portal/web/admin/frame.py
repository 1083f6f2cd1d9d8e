"""What the pages of Admin have in common: who may look at them, and the way from one to the other."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from portal.access import rights
from portal.access.rights import Action
from portal.api.context import actor
from portal.web import sessions
from portal.web.doing import DONE
from portal.web.page import render
from portal.web.settings.frame import tabs

ADMIN = "/admin"
TABS = (
    ("Overview", ADMIN),
    ("Deliveries", f"{ADMIN}/deliveries"),
    ("People", f"{ADMIN}/people"),
    ("Tokens", f"{ADMIN}/tokens"),
    ("Registry", f"{ADMIN}/registry"),
    ("Policy", f"{ADMIN}/policy"),
)
SAID = {
    "retried": "It is tried again now. The page shows how that went once a worker has taken it.",
    "revoked": "That token works no longer.",
    "deactivate": "They can do nothing more: their sessions have ended and their tokens are refused.",
    "activate": "They may act again. Their roles are what the registry gives.",
    "unbind": "Their identity is let go of: the next who signs in with this name is this person.",
}
"""What a form has done, by the word that the address has of it."""


def admit() -> None:
    """Raise SignInNeeded, or Forbidden for whoever does not look after the platform."""
    sessions.present()
    rights.check(actor(), Action.OVERSEE, "", tenant_id=None)


def admin_page(template: str, status: int = 200, **context: Any) -> Response:
    """A page of Admin; `operates` says whether its forms are for whoever looks."""
    said = SAID.get(request.args.get(DONE, ""), "") if request.method == "GET" else ""
    operates = actor().is_operator
    return render(f"admin/{template}", status, tabs=tabs(TABS), said=said, operates=operates, **context)
