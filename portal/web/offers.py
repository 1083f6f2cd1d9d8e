"""Which deeds a ticket's page offers: what rights and state allow whoever looks. The verbs have the last word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal import queries
from portal.access.actor import Actor
from portal.access.rights import Action
from portal.errors import Forbidden, WrongState
from portal.kinds.registry import kind_named
from portal.models import Ticket
from portal.policy_store import current_policy, route_of
from portal.states import NOT_BEGUN, OCCUPYING, TERMINAL, State
from portal.tickets.awaiting import NUDGE_EVERY, decidable
from portal.tickets.breaking_glass import glass_of
from portal.tickets.due import owes_review
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


def again(case: Case) -> tuple[str, str] | None:
    """Words and address of the form that asks for the same: again once it is over, renewed while it is open and where
    its rule allows that; None where the person may not ask."""
    ticket = case.ticket
    if not _has_right(case, Action.ASK):
        return None
    if case.state in TERMINAL:
        return "Ask for the same again", f"/new/{ticket.kind}?from={ticket.ref}"
    if case.state not in (State.APPLYING, State.ACTIVE) or ticket.expires_at is None or not _renews(case):
        return None
    return "Renew", f"/new/{ticket.kind}?renews={ticket.ref}"


def _renews(case: Case) -> bool:
    route = route_of(case.session, case.ticket)
    return route is not None and route.renewal and queries.follower(case.session, case.ticket.id, OCCUPYING) is None


def _may(case: Case, deed: Deed) -> bool:
    return deed.action is None or _has_right(case, deed.action)


def _has_right(case: Case, action: Action) -> bool:
    try:
        may(case.by, action, case.ticket)
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


def _reroutes(case: Case) -> bool:
    return case.state is State.PENDING and current_policy(case.session).digest != case.ticket.policy_hash


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
    "review": lambda case: owes_review(case.ticket, case.by),
    "recertify": lambda case: case.state is State.ACTIVE and is_asked(case.ticket, case.now) and not case.own,
    "take": lambda case: _operates(case) and case.ticket.taken_by != case.by.name,
    "fulfil": _operates,
    "decline": _operates,
    "question": lambda case: case.state is State.PENDING and case.ticket.question_id is None and not case.own,
    "release": lambda case: case.state in (State.APPLYING, State.ACTIVE),
    "withdraw": lambda case: case.state in NOT_BEGUN,
    "nudge": _nudges,
    "preflight": lambda case: case.state is State.PENDING and not _by_people(case),
    "reroute": _reroutes,
    "retry": _retries,
    "reapply": _reapplies,
    "break-glass": _breaks,
    "revoke": lambda case: case.state in (State.APPROVED, State.FAILED, State.APPLYING, State.ACTIVE),
    "comment": lambda _: True,
}
"""In which state each deed makes sense, where its right alone does not say so."""
