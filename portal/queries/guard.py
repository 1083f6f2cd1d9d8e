"""The guard of clusters: what it is to be, what live tickets allow there, and how it stands; pages and workers read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from portal.access.actor import Actor
from portal.mesh.annotations import MeshDefaults
from portal.mesh.guard.lines import Line, line, weakens
from portal.mesh.guard.names import Mode
from portal.mesh.guard.render import Guard
from portal.mesh.want import Want
from portal.models import Cluster, GuardState, InventoryCluster, Namespace, Target, Ticket, TicketTarget
from portal.queries.tickets import LIVE


@dataclass(frozen=True)
class Standing:
    """How the guard of a cluster stands for one person: modes of their namespaces, and what is late there."""

    guard: Guard
    modes: Mapping[str, Mode]
    state: GuardState | None
    late: list[dict[str, Any]]

    @property
    def in_step(self) -> bool:
        """Whether the last look found all of it as it should be."""
        state = self.state
        return state is not None and state.in_step_at is not None and state.in_step_at == state.tried_at

    @property
    def waiting(self) -> bool:
        """Whether an operator asked for it and no worker has come to it yet."""
        state = self.state
        if state is None or state.asked_at is None:
            return False
        return state.tried_at is None or state.tried_at < state.asked_at

    def of(self, mode: str) -> list[str]:
        """The namespaces in that mode, by name."""
        return [name for name, one in self.modes.items() if one == mode]

    @property
    def on(self) -> bool:
        """Whether it does anything in the namespaces that are shown."""
        return any(mode is not Mode.OFF for mode in self.modes.values())


def guard_of(session: Session, cluster: str) -> Guard:
    """What the registry says that the guard of a cluster is to be, with the control plane's defaults as last seen."""
    row = session.get_one(Cluster, cluster)
    owned = session.execute(select(Namespace.name, Namespace.guard).where(Namespace.cluster == cluster))
    modes = {name: Mode(own or row.guard) for name, own in owned} if row.active else {}
    seen = session.get(InventoryCluster, cluster)
    defaults = MeshDefaults.from_json(seen.defaults) if seen is not None and seen.defaults else MeshDefaults()
    return Guard(cluster, modes, defaults, row.guard_ask_at)


def guarded(session: Session, cluster: str) -> bool:
    """Whether workers have anything to do for the guard of a cluster: it is on somewhere, or was."""
    return session.scalar(select(Cluster.name).where(Cluster.name == cluster, _on_or_was())) is not None


def guarded_clusters(session: Session) -> list[str]:
    """The clusters of the registry whose guard is on somewhere, or was."""
    return list(session.scalars(select(Cluster.name).where(Cluster.active, _on_or_was()).order_by(Cluster.name)))


def _on_or_was() -> ColumnElement[bool]:
    own = select(Namespace.cluster).where(Namespace.guard.is_not(None), Namespace.guard != Mode.OFF)
    return or_(Cluster.guard != Mode.OFF, Cluster.name.in_(own), Cluster.name.in_(select(GuardState.cluster)))


def lines(session: Session, cluster: str) -> list[Line]:
    """What the live tickets of a cluster allow, a line for each ticket and workload that needs one."""
    query = (
        select(Target.namespace, Target.kind, Target.name, Ticket.id, Ticket.expires_at, TicketTarget.wanted)
        .join(TicketTarget, TicketTarget.target_id == Target.id)
        .join(Ticket, Ticket.id == TicketTarget.ticket_id)
        .where(Target.cluster == cluster, LIVE)
    )
    return list(_lines(session.execute(query)))


def _lines(rows: Any) -> Iterator[Line]:
    for namespace, kind, name, number, until, wanted in rows:
        want = Want.from_json(wanted) if kind not in _CREATED else Want()
        if weakens(want):
            yield line(namespace, f"{kind}/{name}", f"MD-{number}", until, want)


# Targets whose objects tickets create: nothing is wanted of a pod template there.
_CREATED = frozenset({"egress", "tap", "viz"})


def standing(session: Session, cluster: str, *, by: Actor, now: datetime) -> Standing:
    """How the guard of a cluster stands, of the namespaces that the actor may see."""
    guard, state = guard_of(session, cluster), session.get(GuardState, cluster)
    seen = _seen(session, cluster, guard.modes, by)
    modes = {name: mode for name, mode in sorted(guard.modes.items()) if name in seen}
    live = {one.text for one in lines(session, cluster)}
    left = state.lines if state is not None else []
    late = [one for one in left if (by.sees_everything or one["namespace"] in seen) and _is_late(one, live, now)]
    return Standing(guard, modes, state, late)


def _seen(session: Session, cluster: str, names: Collection[str], by: Actor) -> set[str]:
    if by.sees_everything:
        return set(names)
    query = select(Namespace.name).where(Namespace.cluster == cluster, Namespace.tenant_id.in_(by.tenant_ids))
    return set(session.scalars(query))


def _is_late(one: Mapping[str, Any], live: Collection[str], now: datetime) -> bool:
    """Whether the cluster lets it pass although its ticket is over."""
    until = one["until"]
    ended = until is not None and datetime.fromisoformat(until).replace(tzinfo=UTC) <= now
    return ended or one["text"] not in live
