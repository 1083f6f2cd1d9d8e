"""The places that the head of every page leads to, for whoever is signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import request

from portal.access.actor import Actor
from portal.api.context import actor
from portal.models.registry import Role
from portal.web.blueprint import blueprint

DECIDING = frozenset({Role.OWNER, Role.PARTNER, Role.OPERATOR})


def _anybody(_: Actor) -> bool:
    return True


def _decides(by: Actor) -> bool:
    roles = by.platform_roles | {role for _, role in by.tenant_roles}
    return bool(roles & DECIDING or by.absences)


def _sees_everything(by: Actor) -> bool:
    return by.sees_everything


@dataclass(frozen=True)
class Place:
    """A page that is always at hand; `shown` says to whom."""

    name: str
    address: str
    shown: Callable[[Actor], bool] = _anybody


PLACES = (
    Place("Home", "/"),
    Place("Ask", "/new"),
    Place("Inbox", "/inbox", _decides),
    Place("Tickets", "/tickets"),
    Place("Live", "/live"),
    Place("Clusters", "/clusters"),
    Place("Posture", "/posture"),
    Place("Traffic", "/topline"),
    Place("Audit", "/audit"),
    Place("Admin", "/admin", _sees_everything),
)


@blueprint.app_template_global("places")
def places() -> list[tuple[str, str, bool]]:
    """Name, address, and whether the present page is within it, of each place for the actor."""
    return [(one.name, one.address, _within(one.address)) for one in PLACES if one.shown(actor())]


def _within(address: str) -> bool:
    return request.path == address or (address != "/" and request.path.startswith(f"{address}/"))
