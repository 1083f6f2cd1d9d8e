"""The words that leave by mail, chat and webhook: ref, kind, place, what to do next and a link, and nothing more. Pure.

Reasons, fields and what clusters said stay in the portal, where people of the tenant alone read them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.models import Notice

SIGNATURE = "Meshdesk. How you are told: `meshdesk notifications show`."


@dataclass(frozen=True)
class Letter:
    """A message as people read it: plain text."""

    title: str
    text: str


def title_of(data: Mapping[str, Any]) -> str:
    """`MD-12 waits for a decision`."""
    return f"{data['ref']} {data['headline']}"


def about(data: Mapping[str, Any]) -> str:
    """`encryption-exception, practice/emojivoto`, as far as it has a place."""
    place = "/".join(part for part in (data["cluster"], data["namespace"]) if part)
    return ", ".join(part for part in (data["kind"], place) if part)


def path_of(data: Mapping[str, Any]) -> str:
    """Where the portal shows what a notice is about: mostly a ticket's page."""
    return str(data.get("path") or f"/tickets/{data['ref']}")


def link_to(public_url: str, data: Mapping[str, Any]) -> str:
    """The address of that page; the command where the portal's own address is not set."""
    command = data.get("command") or f"meshdesk show {data['ref']}"
    return f"{public_url.rstrip('/')}{path_of(data)}" if public_url else str(command)


def letter(notice: Notice, public_url: str) -> Letter:
    """One notice as a message."""
    return Letter(title_of(notice.data), f"{_paragraph(notice.data, public_url)}\n\n-- \n{SIGNATURE}\n")


def digest(notices: Sequence[Notice], public_url: str) -> Letter:
    """Several notices as one message, in the order that they came."""
    many = f"{len(notices)} notices" if len(notices) > 1 else "one notice"
    paragraphs = [f"{title_of(one.data)}\n{_paragraph(one.data, public_url)}" for one in notices]
    return Letter(f"Meshdesk: {many}", "\n\n".join([*paragraphs, f"-- \n{SIGNATURE}\n"]))


def _paragraph(data: Mapping[str, Any], public_url: str) -> str:
    by = f"By {data['by']}." if data.get("by") else None
    return "\n".join(filter(None, [about(data), by, data["next"], link_to(public_url, data)]))


def payload(notice: Notice, sent_as: str, public_url: str) -> dict[str, Any]:
    """What a webhook of ours gets, as JSON; docs/notifications.md tells the fields."""
    data = notice.data
    same = {name: data[name] for name in ("ref", "kind", "tenant", "cluster", "namespace", "by", "next")}
    return {
        "delivery": sent_as,
        "sort": notice.sort,
        "at": notice.created_at.isoformat(),
        "title": title_of(data),
        **same,
        "link": link_to(public_url, data) if public_url else None,
    }
