"""The sweep: what is due ends, what is stuck or unsent is sent again. Beat calls it; two at once do nothing twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import String, and_, case, cast, delete, exists, or_, select
from sqlalchemy.orm import Session

from portal import audit, outbox
from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import MeshdeskError
from portal.kinds.registry import KINDS
from portal.models import Cluster, Event, Evidence, IdempotentAnswer, InventoryCluster, Message, Ticket
from portal.notify import delivering, lateness
from portal.states import MOVING, State
from portal.tickets import probing
from portal.tickets.carrying_out import TASK_OF, call_worker
from portal.tickets.catching_up import OLDEST_DEBT
from portal.tickets.reminding import tell_late_undo
from workers.certificates import call_for_certificates
from workers.clock import HANDS, Hand
from workers.context import Context
from workers.guard.task import call_for_guards
from workers.posture_due import call_for_postures
from workers.topline.asking import call_for_topline
from workers.viz.bundles import call_for_bundles

log = logging.getLogger(__name__)

# Work that was just called for gets this long before the sweep calls again.
GRACE = timedelta(seconds=3)
KEEP_ANSWERS = timedelta(days=1)
# How often a cluster that did not answer is asked again: what it owes is called for when it does.
AWAY_EVERY = timedelta(seconds=15)
SEAL_EVERY = timedelta(minutes=1)
BATCH = 200
# What workers carry out at all, and the clusters on which nothing new is begun.
WORKED = Ticket.kind.in_([name for name, kind in KINDS.items() if kind.has_cluster_change])
CALLED = exists().where(
    Message.task == case((Ticket.state == State.REVERTING, TASK_OF[State.REVERTING]), else_=TASK_OF[State.APPLYING]),
    Message.subject == cast(Ticket.id, String),
    Message.taken_at.is_(None),
)
IDLE = select(Cluster.name).where(Cluster.idle)


def sweep(context: Context) -> None:
    """Do every part, each on its own: the failure of one must not keep the others from running."""
    for name, part in PARTS.items():
        try:
            part(context)
        except Exception:
            log.exception("sweep: %s failed; the next sweep tries again", name)


def _each(context: Context, ids: list[int], do: Callable[[Session, int, datetime], object]) -> None:
    for ticket_id in ids:
        try:
            with context.database.unit_of_work() as session:
                do(session, ticket_id, database_now(session))
        except MeshdeskError as error:
            # Somebody else moved it meanwhile; what is still due shows in the next sweep.
            log.info("sweep: MD-%s: %s", ticket_id, error.sentence)


def _lend(context: Context, hand: Hand) -> None:
    with context.database.reading() as session:
        due = select(Ticket.id).where(hand.to, hand.at <= database_now(session))
        ids = list(session.scalars(due.order_by(hand.at).limit(BATCH)))
    _each(context, ids, hand.verb)


def _call_stuck(context: Context) -> None:
    with context.database.reading() as session:
        now = database_now(session)
        stuck = select(Ticket.id).where(
            Ticket.state.in_(MOVING),
            WORKED,
            or_(Ticket.state != State.APPROVED, Ticket.cluster.not_in(IDLE)),
            or_(Ticket.claim_until.is_(None), Ticket.claim_until <= now),
            or_(Ticket.next_attempt_at.is_(None), Ticket.next_attempt_at <= now - GRACE),
            or_(Ticket.updated_at <= now - GRACE, Ticket.claim_until.is_not(None)),
            # Those of a cluster without a worker must not keep the others back, however many they are.
            ~CALLED,
        )
        ids = list(session.scalars(stuck.order_by(*OLDEST_DEBT).limit(BATCH)))
    _each(context, ids, _call)


def _call(session: Session, ticket_id: int, now: datetime) -> None:
    ticket = session.get_one(Ticket, ticket_id)
    task = TASK_OF.get(ticket.state)
    if task is not None and not ticket.claimed(now) and not outbox.waiting(session, task, ticket_id):
        call_worker(session, ticket, now=now)


def _call_preflights(context: Context) -> None:
    with context.database.reading() as session:
        now = database_now(session)
        unseen = select(Ticket.id).where(
            Ticket.state == State.PENDING, WORKED, Ticket.preflight_at.is_(None), Ticket.created_at <= now - 3 * GRACE
        )
        ids = list(session.scalars(unseen.order_by(Ticket.id).limit(BATCH)))
    _each(context, ids, _call_preflight)


def _call_preflight(session: Session, ticket_id: int, now: datetime) -> None:
    outbox.send_once(session, outbox.preflight_call(session.get_one(Ticket, ticket_id)), now=now)


def _mind_probes(context: Context) -> None:
    with context.database.reading() as session:
        now = database_now(session)
        tried = exists().where(
            Evidence.ticket_id == Ticket.id, Evidence.kind == "probe", Evidence.seen_at >= Ticket.preflight_at
        )
        claimed = Ticket.fields[("application_encryption", "encrypted")].as_boolean()
        untried = select(Ticket.id).where(
            Ticket.state == State.PENDING, Ticket.preflight_at <= now - probing.CALL_AGAIN, WORKED, claimed, ~tried
        )
        ids = list(session.scalars(untried.order_by(Ticket.id).limit(BATCH)))
    _each(context, ids, lambda session, ticket_id, now: probing.mind_probe(session, ticket_id, now=now))


def _resend(context: Context) -> None:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        outbox.resend(session, now=now)
        outbox.forget_taken(session, now=now)
        session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.created_at < now - KEEP_ANSWERS))


def _call_inventories(context: Context) -> None:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        for name in _old_inventories(session, now, context.config.inventory_every):
            outbox.ask_inventory(session, name, now=now)


def _old_inventories(session: Session, now: datetime, every: timedelta) -> Iterator[str]:
    fresh = or_(
        and_(InventoryCluster.problem.is_(None), InventoryCluster.tried_at > now - every),
        InventoryCluster.tried_at > now - min(every, AWAY_EVERY),
    )
    tried = select(InventoryCluster.cluster).where(fresh)
    yield from session.scalars(select(Cluster.name).where(Cluster.active, Cluster.name.not_in(tried)))


def _seal(context: Context) -> None:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        sealed = select(Event.happened_at).where(Event.chain == audit.SYSTEM_CHAIN, Event.type == "audit:sealed")
        last = session.scalar(sealed.order_by(Event.number.desc()).limit(1))
        if last is None or last <= now - SEAL_EVERY:
            audit.seal(session, actor=WORKER.name, now=now)


def _tell_late_undos(context: Context) -> None:
    with context.database.reading() as session:
        ids = list(lateness.untold(session, now=database_now(session), limit=BATCH))
    _each(context, ids, tell_late_undo)


def _call_notifiers(context: Context) -> None:
    with context.database.unit_of_work() as session:
        now = database_now(session)
        for channel in delivering.due_channels(session, now=now, digest_hour=context.config.digest_hour):
            outbox.ask_notify(session, channel, now=now)
        delivering.forget(session, now=now)


PARTS: dict[str, Callable[[Context], None]] = {
    **{hand.verb.__name__: partial(_lend, hand=hand) for hand in HANDS},
    "what is stuck": _call_stuck,
    "preflights": _call_preflights,
    "probes": _mind_probes,
    "messages": _resend,
    "inventories": _call_inventories,
    "postures": call_for_postures,
    "bundles of Viz": call_for_bundles,
    "guards": call_for_guards,
    "certificates": call_for_certificates,
    "figures of traffic": call_for_topline,
    "late undos": _tell_late_undos,
    "notices": _call_notifiers,
    "the seal": _seal,
}
