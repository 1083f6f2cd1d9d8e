"""Selects only: what pages, the API and verbs read. Nothing here changes a row."""

from portal.queries.approvers import is_visible
from portal.queries.places import Place, clusters, namespaces, people_by_role, people_named, place, policy_text, tenant
from portal.queries.sights import (
    NamespaceView,
    comments,
    events,
    evidence,
    latest_evidence,
    namespace_view,
    objects_seen,
)
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
    unfinished,
    visible,
)
from portal.queries.viz import anything_on_record, nonces, skips, viz_bundle, viz_namespaces, viz_seen

__all__ = [
    "LIVE",
    "WHOLE",
    "NamespaceView",
    "Place",
    "TicketFilter",
    "anything_on_record",
    "clusters",
    "comments",
    "events",
    "evidence",
    "follower",
    "is_visible",
    "latest_evidence",
    "live_links",
    "namespace_view",
    "namespaces",
    "nonces",
    "objects_seen",
    "occupied",
    "people_by_role",
    "people_named",
    "place",
    "policy_text",
    "skips",
    "targets_of",
    "tenant",
    "ticket",
    "tickets",
    "unfinished",
    "visible",
    "viz_bundle",
    "viz_namespaces",
    "viz_seen",
]
