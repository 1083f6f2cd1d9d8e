"""What a form offers to choose from: one's own places, the workloads that workers saw there, lengths of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from marshmallow import ValidationError, fields
from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.api.sights import sight, workload_view
from portal.durations import format_duration, parse_duration, words
from portal.kinds.base import Kind, Scope, WorkloadKind
from portal.kinds.job_completion import JOBS
from portal.mesh.workloads import WorkloadRef
from portal.models import InventoryWorkload
from portal.policy import Rule
from portal.policy_store import current_policy
from portal.queries.asking import Around, Shelf, Spot, Wanted, own_clusters, own_tenants, shelf, spots
from portal.tickets.expectation import Surroundings
from portal.tickets.routing import surroundings_seen
from portal.web.asking.catalogue import Form
from portal.web.asking.draft import NO_END, Draft
from portal.web.asking.field import Field

MOST_SPOTS = 100
MOST_ROWS = 60
MOST_PORTS = 12


@dataclass(frozen=True)
class Where:
    """Where a request may be for: `spot` or `cluster` once that is settled, else what there is to choose from.

    `unknown` says that what was named is none of one's own; `more` that the list is longer than it is shown,
    `alone` that there is nothing else to choose.
    """

    tenants: Sequence[str]
    spots: Sequence[Spot] = ()
    clusters: Sequence[str] = ()
    spot: Spot | None = None
    cluster: str = ""
    unknown: str = ""
    more: bool = False
    alone: bool = False

    def settled(self, kind: Kind[Any]) -> bool:
        """True when the form can be filled in."""
        if kind.scope is Scope.NAMESPACE:
            return self.spot is not None
        return bool(self.cluster) if kind.scope is Scope.NAMESPACES else bool(self.tenants)

    @property
    def environments(self) -> frozenset[str]:
        """Those that it may be routed as."""
        return frozenset({self.spot.environment} if self.spot else {one.environment for one in self.spots})


def where(session: Session, draft: Draft, *, by: Actor) -> Where:
    """What is settled of the place, and what there is to choose from."""
    tenants = [tenant.name for tenant in own_tenants(session, by=by)]
    if draft.kind.scope is Scope.NAMESPACE:
        return _namespace(session, draft, tenants, by)
    if draft.kind.scope is Scope.NAMESPACES:
        return _cluster(session, draft, tenants, by)
    found = spots(session, Around(), by=by, limit=MOST_SPOTS + 1)
    return Where(tenants, found[:MOST_SPOTS], more=len(found) > MOST_SPOTS)


def _namespace(session: Session, draft: Draft, tenants: list[str], by: Actor) -> Where:
    cluster, name, like = draft.one("cluster"), draft.one("namespace"), draft.one("place")
    named = Around(cluster or None, [name] if name else None)
    found = spots(session, named, by=by, limit=2) if cluster or name else []
    if len(found) == 1 and (name or not like):
        return Where(tenants, spot=found[0], alone=len(spots(session, Around(), by=by, limit=2)) == 1)
    missing = bool(cluster or name) and not found
    listed = spots(session, Around(None if missing else cluster or None, like=like), by=by, limit=MOST_SPOTS + 1)
    if len(listed) == 1 and not (missing or like):
        return Where(tenants, spot=listed[0], alone=not cluster)
    unknown = (
        f"No namespace {name or 'of yours'} on {cluster or 'any cluster'}: choose one of these." if missing else ""
    )
    return Where(tenants, listed[:MOST_SPOTS], unknown=unknown, more=len(listed) > MOST_SPOTS)


def _cluster(session: Session, draft: Draft, tenants: list[str], by: Actor) -> Where:
    clusters, named = own_clusters(session, by=by), draft.one("cluster")
    if named not in clusters:
        unknown = f"You have no namespace on {named}: choose one of these." if named else ""
        if len(clusters) != 1 or unknown:
            return Where(tenants, clusters=clusters, unknown=unknown)
        named = clusters[0]
    chosen, like = draft.typed.getlist("namespace"), draft.one("find")
    kept = spots(session, Around(named, chosen), by=by, limit=MOST_SPOTS) if like and chosen else []
    found = spots(session, Around(named, like=like), by=by, limit=MOST_SPOTS + 1)
    listed = [*kept, *(one for one in found[:MOST_SPOTS] if one not in kept)]
    return Where(tenants, listed, clusters, cluster=named, more=len(found) > MOST_SPOTS, alone=len(clusters) == 1)


@dataclass(frozen=True)
class Pick:
    """One workload to choose: what is said of it, and why it cannot be chosen (empty: it can)."""

    value: str
    ticked: bool
    ports: str = ""
    meshed: bool = True
    notes: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Picks:
    """The workloads to choose from, how many more there are, and when they were seen (None: never)."""

    rows: Sequence[Pick]
    total: int
    seen: dict[str, Any]
    exposed: str

    @property
    def hidden(self) -> int:
        """How many fit the search and are not shown."""
        return max(0, self.total - len(self.rows))


def picks(session: Session, draft: Draft, spot: Spot, field: Field, now: datetime) -> Picks:
    """The workloads of a namespace as workers last saw them."""
    chosen = field.values(draft.typed)
    kinds = JOBS if isinstance(draft.kind, WorkloadKind) and draft.kind.listed_in == "jobs" else ()
    named = {(ref.kind, ref.name) for ref in map(_ref, chosen) if ref is not None}
    wanted = Wanted(spot.cluster, spot.namespace, kinds, draft.one("find").strip(), named)
    found = shelf(session, wanted, limit=MOST_ROWS)
    rows = _rows(draft.kind, found, chosen) if found.cluster and found.namespace else []
    known = {row.value for row in rows}
    lost = [Pick(one, True, notes=("No worker has seen it here.",)) for one in chosen if one not in known]
    exposed = ", ".join(dict.fromkeys(port for row in rows if row.ticked for port in row.ports.split(", ") if port))
    return Picks([*lost, *rows], found.total + len(lost), sight(found.cluster, now), exposed)


def _ref(text: str) -> WorkloadRef | None:
    try:
        return WorkloadRef.parse(text, "")
    except ValueError:
        return None


def _rows(kind: Kind[Any], found: Shelf, chosen: Sequence[str]) -> list[Pick]:
    if found.cluster is None or found.namespace is None:
        return []
    around = surroundings_seen(queries.NamespaceView(found.cluster, found.namespace, {}))
    rows = [_pick(kind, row, around, chosen) for row in found.rows]
    return sorted(rows, key=lambda row: (not row.ticked, bool(row.refused)))


def _pick(kind: Kind[Any], row: InventoryWorkload, around: Surroundings, chosen: Sequence[str]) -> Pick:
    view = workload_view(row, around)
    ports = [str(port) for port in view["container_ports"][:MOST_PORTS]]
    why = [f"Not meshed: {one['text']}." for one in view["why_not"]]
    fits = [way["name"].replace("-", " ") for way in view["ways"] if way["fits"]]
    ways = [f"Fits: {', '.join(fits)}."] if fits else []
    kept = [str(one) for one in view["kept_open"][:1]]
    return Pick(
        value=view["workload"],
        ticked=view["workload"] in chosen,
        ports=", ".join(ports),
        meshed=view["meshed"],
        notes=(*why, *view["blockers"], *kept, *ways),
        refused=_refusal(kind.name, _listing(kind), row.kind),
    )


def _listing(kind: Kind[Any]) -> fields.Field[Any] | None:
    listed = kind.schema.fields.get(kind.listed_in) if isinstance(kind, WorkloadKind) else None
    return listed.inner if isinstance(listed, fields.List) else None


@cache
def _refusal(kind: str, field: fields.Field[Any] | None, workload_kind: str) -> str:
    """Why the schema takes no workload of a kind; empty where it does."""
    try:
        if field is not None:
            field.deserialize(f"{workload_kind}/name")
    except ValidationError as error:
        return " ".join(map(str, error.messages))
    return ""


@dataclass(frozen=True)
class Lengths:
    """The lengths of time to choose from (ISO 8601, words), whether it may stand without an end, and the longest."""

    options: Sequence[tuple[str, str]]
    no_end: bool
    longest: timedelta | None
    usual: str


def lengths(session: Session, kind: Kind[Any], form: Form, place: Where) -> Lengths:
    """What the rules let somebody ask for at the most; which of them counts, the preview says."""
    rules = [rule for rule in current_policy(session).rules if _may_meet(rule, kind, place)]
    found = [rule.route.longest for rule in rules]
    known = [one for one in found if one is not None]
    longest = max(known) if known and len(known) == len(found) else None
    longest = min(filter(None, (longest, kind.longest)), default=None)
    no_end = kind.longest is None and any(rule.route.may_stand_without_end for rule in rules)
    fits = [one for one in form.lasting if longest is None or parse_duration(one) <= longest]
    if longest is not None and (not fits or parse_duration(fits[-1]) < longest):
        fits.append(format_duration(longest))
    usual = NO_END if no_end else (fits[0] if fits else "")
    return Lengths([(one, words(parse_duration(one))) for one in fits], no_end, longest, usual)


def _may_meet(rule: Rule, kind: Kind[Any], place: Where) -> bool:
    tenants = {place.spot.tenant} if place.spot else set(place.tenants)
    facts = ((rule.when.kind, {kind.name}), (rule.when.environment, place.environments), (rule.when.tenant, tenants))
    return all(values is None or not known or known & set(values) for values, known in facts)
