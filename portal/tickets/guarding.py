"""The guard: an operator has workers put it into force, and workers follow the registry. Called by API, pages, verbs.

The policies themselves are portal/mesh/guard, what workers do is workers/guard.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit, outbox
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import NotFound, WrongState
from portal.models import Cluster, GuardState
from portal.queries import guard as queries


def ask(session: Session, name: str, *, by: Actor, now: datetime) -> GuardState:
    """Have workers put the guard of a cluster into force and keep it so; raises Forbidden, NotFound, WrongState (off).

    Asked again it is looked at again. Where the registry switched it off, what is left of it is taken away.
    """
    rights.check(by, Action.GUARD, "", tenant_id=None)
    cluster = session.get(Cluster, name)
    if cluster is None or not cluster.active:
        raise NotFound(f"There is no cluster {name}: GET /clusters lists those that there are.")
    if not queries.guarded(session, name):
        raise WrongState(
            f"The guard of {name} is off in the registry: give it a mode there (guard: {{mode: audit}}) and run "
            "`meshdesk registry apply` first."
        )
    row = _state(session, name)
    row.asked_at, row.asked_by, row.problem = now, by.name, None
    outbox.ask_guard(session, name, now=now)
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed("guard:asked", by.name, {"cluster": name}), now=now)
    return row


def follow(session: Session, *, now: datetime) -> None:
    """After a registry came into force: have the guard of every cluster that has one held to it.

    From a cluster that left the registry it is taken away: nobody could ask for anything there.
    """
    left = select(GuardState.cluster).join(Cluster, Cluster.name == GuardState.cluster).where(Cluster.active.is_(False))
    for name in (*queries.guarded_clusters(session), *session.scalars(left)):
        outbox.ask_guard(session, name, now=now)


def ended(session: Session, cluster: str | None, *, now: datetime) -> None:
    """A ticket on this cluster is live no longer: have its line taken out."""
    if cluster is not None and queries.guarded(session, cluster):
        outbox.ask_guard(session, cluster, now=now)


def _state(session: Session, name: str) -> GuardState:
    row = session.get(GuardState, name)
    if row is None:
        row = GuardState(cluster=name)
        session.add(row)
    return row
