"""Which deeds a ticket's page offers: what rights and state allow whoever looks. The verbs have the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.errors import Forbidden, WrongState
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.states import NOT_BEGUN, TERMINAL, State
from portal.tickets.awaiting import NUDGE_EVERY, decidable
from portal.tickets.breaking_glass import glass_of
from portal.tickets.moving import may
from portal.tickets.recertifying import is_asked
from portal.tickets.standing import may_decide
from portal.web.deeds import DEEDS, Deed


@dataclass(frozen=True)
class Case:
    """A ticket, and who looks at it when."""

    session: Session
    ticket: Ticket
    by: Actor
    now: datetime

    @property
    def own(self) -> bool:
        """True when the ticket counts as the looking person's own."""
        return self.by.voice_id in self.ticket.own_of

    @property
    def state(self) -> State:
        """The ticket's."""
        return self.ticket.state


def offers(case: Case) -> dict[str, Deed]:
    """The deeds that the person may do to the ticket now, by name in the order of the page."""
    return {name: deed for name, deed in DEEDS.items() if _may(case, deed) and FITS[name](case)}


def _may(case: Case, deed: Deed) -> bool:
    if deed.action is None:
        return True
    try:
        may(case.by, deed.action, case.ticket)
    except Forbidden:
        return False
    return True


def _decides(case: Case) -> bool:
    if case.state is not State.PENDING:
        return False
    tenant = case.ticket.tenant_id
    try:
        may_decide(case.ticket, case.by, queries.deciders(case.session, {tenant}, case.ticket.hats)[tenant])
    except (Forbidden, WrongState):
        return False
    return True


def _nudges(case: Case) -> bool:
    last = case.ticket.nudged_at
    return decidable(case.ticket) and (last is None or case.now >= last + NUDGE_EVERY)


def _breaks(case: Case) -> bool:
    waits = case.state is State.PENDING and not case.ticket.automatic
    return waits and glass_of(case.session, case.ticket) is not None


def _reviews(case: Case) -> bool:
    ticket, tenant = case.ticket, case.ticket.tenant_id
    if not ticket.break_glass or ticket.reviewed_at is not None or case.own:
        return False
    return ticket.review_from in case.by.roles_in(tenant) | case.by.covered_roles_in(tenant)


def _retries(case: Case) -> bool:
    return case.state is State.FAILED or (case.state is State.REVERTING and case.ticket.problem is not None)


def _reapplies(case: Case) -> bool:
    removed = any(link.suspended.keys() - {"warnings"} for link in case.ticket.targets)
    return case.state is State.ACTIVE and removed


def _operates(case: Case) -> bool:
    return _by_people(case) and case.state not in TERMINAL and not case.own


def _by_people(case: Case) -> bool:
    return not kind_named(case.ticket.kind).has_cluster_change


FITS: dict[str, Callable[[Case], bool]] = {
    "approve": lambda case: decidable(case.ticket) and _decides(case),
    "reject": _decides,
    "answer": lambda case: case.state is State.PENDING and case.ticket.question_id is not None,
    "review": _reviews,
    "recertify": lambda case: case.state is State.ACTIVE and is_asked(case.ticket, case.now) and not case.own,
    "take": lambda case: _operates(case) and case.ticket.taken_by != case.by.name,
    "fulfil": _operates,
    "decline": _operates,
    "question": lambda case: case.state is State.PENDING and case.ticket.question_id is None and not case.own,
    "release": lambda case: case.state in (State.APPLYING, State.ACTIVE),
    "withdraw": lambda case: case.state in NOT_BEGUN,
    "nudge": _nudges,
    "preflight": lambda case: case.state is State.PENDING and not _by_people(case),
    "retry": _retries,
    "reapply": _reapplies,
    "break-glass": _breaks,
    "revoke": lambda case: case.state in (State.APPROVED, State.FAILED, State.APPLYING, State.ACTIVE),
    "comment": lambda _: True,
}
"""In which state each deed makes sense, where its right alone does not say so."""
