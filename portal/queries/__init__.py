"""Selects only: what pages, the API and verbs read. Nothing here changes a row."""

from portal.queries.places import Place, clusters, namespaces, people_by_role, place, policy_text
from portal.queries.sights import NamespaceView, comments, events, evidence, latest_evidence, namespace_view
from portal.queries.tickets import (
    LIVE,
    WHOLE,
    TicketFilter,
    follower,
    live_links,
    occupied,
    targets_of,
    ticket,
    tickets,
    visible,
)

__all__ = [
    "LIVE",
    "WHOLE",
    "NamespaceView",
    "Place",
    "TicketFilter",
    "clusters",
    "comments",
    "events",
    "evidence",
    "follower",
    "latest_evidence",
    "live_links",
    "namespace_view",
    "namespaces",
    "occupied",
    "people_by_role",
    "place",
    "policy_text",
    "targets_of",
    "ticket",
    "tickets",
    "visible",
]
