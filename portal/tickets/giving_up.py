"""Giving up: a cluster that is gone for good, by the word of two operators. Called by the API.

The one way to close what could not be read to be gone. It is shown for ever: the outcome is `unproven`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal import audit
from portal.access import rights
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import NotFound, WrongState
from portal.models import Cluster, ClusterGone, Membership, Role, Ticket
from portal.states import Outcome, State
from portal.tickets.moving import move, take_for_change


@dataclass(frozen=True)
class GivenUp:
    """Who said so by now, and the tickets that this closed: none before the second word."""

    cluster: str
    said_by: list[str]
    closed: list[str]


@dataclass(frozen=True)
class _Words:
    """What two operators said of a cluster."""

    cluster: str
    operators: list[str]
    reasons: list[str]


def give_up(session: Session, name: str, *, reason: str, by: Actor, now: datetime) -> GivenUp:
    """Say that a cluster is gone for good; the second operator's word closes what is REVERTING on it, unproven.

    Raises Forbidden, NotFound, and WrongState: it is in the registry, nothing of it is open, one said so already.
    """
    rights.check(by, Action.GIVE_UP, "", tenant_id=None)
    open_ = _open(session, _left_registry(session, name), name)
    before = said_gone(session, name)
    if any(word.person.voice_id == by.voice_id for word in before):
        raise WrongState(f"You said so of {name} already: it takes another operator to say so too.")
    session.add(ClusterGone(cluster=name, person_id=by.person_id, reason=reason, said_at=now))
    operators = [*(word.person.name for word in before), by.name]
    if len(operators) == 1:
        _testify(session, "cluster:said-gone", by, now, cluster=name, reason=reason)
        return GivenUp(name, operators, [])
    words = _Words(name, operators, [*(word.reason for word in before), reason])
    closed = [_close(session, number, words, by=by, now=now) for number in open_]
    _testify(session, "cluster:gone", by, now, cluster=name, operators=operators, reasons=words.reasons, tickets=closed)
    return GivenUp(name, operators, closed)


def _left_registry(session: Session, name: str) -> Cluster:
    wanted = select(Cluster).where(Cluster.name == name)
    # The lock makes two operators' words serial: one of them is the second.
    cluster = session.scalar(wanted.with_for_update().execution_options(populate_existing=True))
    if cluster is None:
        raise NotFound(f"There is no cluster {name}, and there never was.")
    if cluster.active:
        raise WrongState(
            f"{name} is in the registry: take it out and apply that first, so that nothing new is asked there and what "
            "is open begins to be undone."
        )
    return cluster


def _open(session: Session, cluster: Cluster, name: str) -> Sequence[int]:
    query = select(Ticket.id).where(Ticket.cluster == cluster.name, Ticket.state == State.REVERTING)
    found = session.scalars(query.order_by(Ticket.id)).all()
    if not found:
        raise WrongState(f"Nothing of {name} is still to be undone: there is nothing to give up.")
    return found


def said_gone(session: Session, name: str) -> Sequence[ClusterGone]:
    """The words that count: of those who are operators still."""
    operators = select(Membership.person_id).where(Membership.tenant_id.is_(None), Membership.role == Role.OPERATOR)
    query = select(ClusterGone).where(ClusterGone.cluster == name, ClusterGone.person_id.in_(operators))
    said = session.scalars(query.options(joinedload(ClusterGone.person)).order_by(ClusterGone.id)).all()
    return [word for word in said if word.person.active]


def _close(session: Session, ticket_id: int, said: _Words, *, by: Actor, now: datetime) -> str:
    ticket = take_for_change(session, ticket_id, by=by)
    before, who = ticket.outcome, " and ".join(said.operators)
    ticket.claim_token = ticket.claim_until = ticket.next_attempt_at = ticket.problem = None
    ticket.outcome = Outcome.UNPROVEN
    ticket.end_reason = f"Cluster {said.cluster} is gone for good, say {who}. Before: {before}, {ticket.end_reason}"
    told = {"operators": said.operators, "reasons": said.reasons, "before": before}
    move(session, ticket, State.CLOSED, by=by, now=now, outcome=Outcome.UNPROVEN, **told)
    return ticket.ref


def _testify(session: Session, type_: str, by: Actor, now: datetime, **payload: object) -> None:
    audit.record(session, audit.SYSTEM_CHAIN, audit.Deed(type_, by.name, payload), now=now)
