"""Selects of tickets: one, a page of them, what is live, what is the same."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from portal.access.actor import Actor
from portal.errors import NotFound
from portal.models import Decision, Person, Role, Target, Tenant, Ticket, TicketTarget
from portal.queries.approvers import asked_by_name
from portal.queries.search import holding
from portal.states import MOVING, TERMINAL, State

BATCH = 200
Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

RECERTIFY_WITHIN = timedelta(days=14)
"""How long deciders have to say that a long window may stay open, from when they are asked."""

WHOLE = (
    joinedload(Ticket.tenant),
    joinedload(Ticket.requester),
    joinedload(Ticket.asked_by),
    joinedload(Ticket.renews),
    selectinload(Ticket.decisions).options(joinedload(Decision.person), joinedload(Decision.stood_in_for)),
    selectinload(Ticket.targets).joinedload(TicketTarget.target),
)


@dataclass(frozen=True)
class TicketFilter:
    """Which tickets of those that the actor sees; empty fields do not restrict."""

    states: tuple[State, ...] = ()
    waiting_for_me: bool = False
    mine: bool = False
    owed: Literal["review", "recertification"] | None = None
    tenant: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    kind: str | None = None
    environment: str | None = None
    requester: str | None = None
    asked_from: datetime | None = None
    asked_before: datetime | None = None
    words: str | None = None


def visible(actor: Actor) -> ColumnElement[bool] | None:
    """The condition for tickets that exist for this actor; None where all do."""
    if actor.sees_everything:
        return None
    own = or_(Ticket.tenant_id.in_(actor.tenant_ids), asked_by_name(actor))
    if not actor.covered_tenant_ids:
        return own
    decided = Ticket.id.in_(select(Decision.ticket_id).where(Decision.person_id == actor.person_id))
    covered = Ticket.tenant_id.in_(actor.covered_tenant_ids)
    return or_(own, and_(covered, or_(Ticket.state == State.PENDING, decided)))


def seen_by(actor: Actor, ticket: Ticket) -> bool:
    """Whether a ticket exists for this actor: as `visible` says, of one that was loaded whole.

    Whom its rule asks by group or name sees it, whatever their tenants. Who stands in for somebody sees what waits for
    a decision in that tenant, and what they decided on themselves.
    """
    if actor.sees(ticket.tenant_id) or actor.named_hats & ticket.hats:
        return True
    waits = ticket.state is State.PENDING or any(one.person_id == actor.person_id for one in ticket.decisions)
    return ticket.tenant_id in actor.covered_tenant_ids and waits


def ticket(session: Session, ticket_id: int, *, by: Actor) -> Ticket:
    """One ticket whole; raises NotFound, also for another tenant's."""
    found = session.scalar(select(Ticket).where(Ticket.id == ticket_id).options(*WHOLE))
    if found is None or not seen_by(by, found):
        raise NotFound(f"There is no ticket MD-{ticket_id}.")
    return found


def tickets(session: Session, wanted: TicketFilter, *, by: Actor, before: int | None, limit: int) -> Sequence[Ticket]:
    """A page of tickets, newest first, with numbers below `before`; one more than `limit` when there are more."""
    query = select(Ticket.id).order_by(Ticket.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Ticket.id < before)
    # Thousands may have to be sorted: their numbers are, and not all that they are.
    return whole(session, session.scalars(narrowed(session, query, wanted, by=by)).all())


def whole(session: Session, numbers: Collection[int]) -> Sequence[Ticket]:
    """Tickets by their numbers, newest first."""
    query = select(Ticket).where(Ticket.id.in_(numbers)).options(*WHOLE).order_by(Ticket.id.desc())
    return session.scalars(query).all() if numbers else []


def narrowed(session: Session, query: Query, wanted: TicketFilter, *, by: Actor) -> Query:
    """A select of tickets narrowed to those that the actor sees and the filter wants."""
    if (condition := visible(by)) is not None:
        query = query.where(condition)
    if wanted.words is not None:
        query = query.where(holding(session, wanted.words))
    return _filtered(query, wanted, by)


def _filtered(query: Query, wanted: TicketFilter, by: Actor) -> Query:
    if wanted.states:
        query = query.where(Ticket.state.in_(wanted.states))
    if wanted.mine:
        query = query.where(Ticket.requester_id == by.person_id)
    if wanted.owed is not None:
        query = query.where(_owed(wanted.owed))
    query = of_place(query, wanted)
    return query.where(waits_for(by)) if wanted.waiting_for_me else query


def of_place(query: Query, wanted: TicketFilter) -> Query:
    """A select of tickets narrowed to a tenant, a place, a kind and a time, as far as the filter names them."""
    if wanted.tenant is not None:
        query = query.where(Ticket.tenant_id.in_(select(Tenant.id).where(Tenant.name == wanted.tenant)))
    if wanted.requester is not None:
        query = query.where(Ticket.requester_id.in_(select(Person.id).where(Person.name == wanted.requester)))
    same = ((Ticket.cluster, wanted.cluster), (Ticket.kind, wanted.kind), (Ticket.environment, wanted.environment))
    query = query.where(*(column == value for column, value in same if value is not None), *_asked_in(wanted))
    if wanted.namespace is not None:
        within = select(TicketTarget.ticket_id).join(Target).where(Target.namespace == wanted.namespace)
        query = query.where(or_(Ticket.namespace == wanted.namespace, Ticket.id.in_(within)))
    return query


def _asked_in(wanted: TicketFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.asked_from is not None:
        yield Ticket.created_at >= wanted.asked_from
    if wanted.asked_before is not None:
        yield Ticket.created_at < wanted.asked_before


def _owed(word: Literal["review", "recertification"]) -> ColumnElement[bool]:
    if word == "review":
        return and_(Ticket.break_glass, Ticket.reviewed_at.is_(None))
    return and_(Ticket.state == State.ACTIVE, Ticket.recertify_at <= datetime.now(UTC) + RECERTIFY_WITHIN)


def waits_for(by: Actor) -> ColumnElement[bool]:
    """Pending tickets of others on which the actor may have a word, and their own ones that wait for their answer.

    Whether the actor's word counts at all is worked out on the row (`standing.is_awaited`).
    """
    hands = select(Person.id).where(or_(Person.id == by.voice_id, Person.owner_id == by.voice_id))
    own = Ticket.requester_id.in_(hands)
    answer = and_(own, Ticket.question_id.is_not(None))
    word = and_(Decision.ticket_id == Ticket.id, Decision.person_id.in_(hands), Decision.void_reason.is_(None))
    # Asked of each ticket that waits, and not of all decisions that were ever made.
    decided = select(Decision.id).where(word).correlate(Ticket).exists()
    of_others = and_(~own, or_(Ticket.asked_by_id.is_(None), Ticket.asked_by_id.not_in(hands)))
    open_ = and_(of_others, Ticket.question_id.is_(None), ~decided)
    # The state stands by itself: an index leads from it to the few tickets that wait for anybody.
    pending = Ticket.state == State.PENDING
    if by.is_operator:
        return and_(pending, or_(open_, answer))
    tenants = {tenant for tenant, role in by.tenant_roles if role in (Role.OWNER, Role.PARTNER)}
    mine = or_(Ticket.tenant_id.in_(tenants | by.covered_tenant_ids), asked_by_name(by))
    return and_(pending, or_(and_(open_, mine), answer))


def open_tickets(session: Session) -> Iterator[Ticket]:
    """Every ticket that is not over, whole and by number; read in batches."""
    last, query = 0, select(Ticket).where(Ticket.state.not_in(TERMINAL)).options(*WHOLE).order_by(Ticket.id)
    while batch := session.scalars(query.where(Ticket.id > last).limit(BATCH)).all():
        yield from batch
        last = batch[-1].id


LIVE = or_(Ticket.state == State.ACTIVE, and_(Ticket.state == State.APPLYING, Ticket.writing_from.is_not(None)))


def live_links(session: Session, target_id: int) -> Sequence[TicketTarget]:
    """The tickets that count for a target now: APPLYING with writing_from, and ACTIVE."""
    query = (
        select(TicketTarget)
        .join(Ticket, Ticket.id == TicketTarget.ticket_id)
        .where(TicketTarget.target_id == target_id, LIVE)
        .options(joinedload(TicketTarget.ticket))
        .order_by(TicketTarget.ticket_id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def adopting_links(session: Session, target_id: int, ending: int | None) -> Sequence[TicketTarget]:
    """Those of them that take over what is there and are not yet written; also of the ticket that is being undone."""
    live = and_(LIVE, TicketTarget.written_at.is_(None))
    undone = and_(Ticket.id == ending, TicketTarget.written_at.is_(None))
    query = (
        select(TicketTarget)
        .join(Ticket, Ticket.id == TicketTarget.ticket_id)
        .where(TicketTarget.target_id == target_id, Ticket.adopts.is_not(None), or_(live, undone))
        .options(joinedload(TicketTarget.ticket))
        .order_by(TicketTarget.ticket_id)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def unfinished(session: Session, target_id: int) -> set[int]:
    """The tickets on a target that workers still carry on with: what they wrote is theirs to take back."""
    query = select(Ticket.id).join(TicketTarget).where(TicketTarget.target_id == target_id, Ticket.state.in_(MOVING))
    return set(session.scalars(query))


def targets_of(session: Session, cluster: str, namespace: str) -> dict[tuple[str, str], Target]:
    """What Meshdesk remembers of the workloads of a namespace, by kind and name."""
    query = select(Target).where(Target.cluster == cluster, Target.namespace == namespace)
    return {(target.kind, target.name): target for target in session.scalars(query)}


def follower(session: Session, ticket_id: int, states: frozenset[State]) -> Ticket | None:
    """The ticket that renews this one and is in one of the states."""
    return session.scalar(select(Ticket).where(Ticket.renews_id == ticket_id, Ticket.state.in_(states)).limit(1))


def occupied(session: Session, fingerprint: str, states: frozenset[State]) -> Ticket | None:
    """A ticket of the same content that is pending or live."""
    same = aliased(Ticket)
    query = select(same).where(same.fingerprint == fingerprint, same.state.in_(states)).order_by(same.id.desc())
    return session.scalar(query.limit(1))
