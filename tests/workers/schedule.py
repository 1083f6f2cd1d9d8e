"""One random schedule: tickets of every kind come and go on few targets, owners edit, workers die, the clock runs.

When it is over, all tickets are ended and all work is done: then nothing of Meshdesk's may be left in the cluster, and
everything must be as its owners left it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import select

from portal.errors import MeshdeskError
from portal.mesh.workloads import WorkloadRef
from portal.models import Ticket
from portal.states import MOVING, State
from portal.tickets import ending
from tests.workers import laws, owners
from tests.workers.egress import Killed, lapse, mortal
from tests.workers.owners import Edit, Owners
from tests.workers.requests import Request, requests
from tests.workers.theatre import NAMESPACES, Theatre
from workers.apply import apply
from workers.context import Context
from workers.sweep import sweep
from workers.undo import undo

OPEN = (State.APPLYING, State.ACTIVE)
NOT_BEGUN = (State.PENDING, State.APPROVED, State.FAILED)
WAYS = ("release", "revoke", "run out")
# After how many calls and commits the worker dies: an apply of one workload takes about 25.
lifetimes = st.one_of(st.none(), st.none(), st.integers(1, 40))
picks = st.integers(0, 5)
Work = Callable[[Context, int], None]


def when_something_was_asked(self: Schedule) -> bool:
    """A schedule begins with a request."""
    return bool(self.asked)


class Schedule(RuleBasedStateMachine):
    """A desk, the tickets asked so far, and what owners did."""

    def __init__(self, theatre: Theatre) -> None:
        super().__init__()
        self.theatre, self.desk = theatre, theatre.set()
        self.owners = Owners(self.desk)
        self.before = theatre.shown()
        self.asked: dict[int, Request] = {}

    @initialize(texts=st.lists(owners.had, max_size=3))
    def owners_had(self, texts: list[tuple[WorkloadRef, str, str]]) -> None:
        for ref, key, text in texts:
            owners.write(self.desk, ref, key, text)
        self.before = self.theatre.shown()

    @rule(request=requests, dies_after=lifetimes)
    def ask(self, request: Request, dies_after: int | None) -> None:
        self._ask(request, dies_after)

    @precondition(when_something_was_asked)
    @rule(request=requests)
    def ask_beside(self, request: Request) -> None:
        self._ask(request, None)

    @precondition(when_something_was_asked)
    @rule(pick=picks, dies_after=lifetimes)
    def renew(self, pick: int, dies_after: int | None) -> None:
        for number in self._picked(pick):
            self._ask(self.asked[number], dies_after, renews=number)

    def _ask(self, request: Request, dies_after: int | None, renews: int | None = None) -> None:
        """Ask, have it decided, apply. What is refused or blocked stays undecided until the schedule is over."""
        with suppress(MeshdeskError):
            number = self.desk.submit(request.ask(renews))
            self.asked[number] = request
            self.desk.approve(number)
            self._work(apply, number, dies_after)

    def _work(self, work: Work, number: int, dies_after: int | None) -> None:
        """Have it done by a worker that may die over it."""
        try:
            work(self.desk.context if dies_after is None else mortal(self.desk, dies_after), number)
        except Killed:
            lapse(self.desk)

    @precondition(when_something_was_asked)
    @rule(pick=picks, way=st.sampled_from(WAYS), dies_after=lifetimes)
    def end(self, pick: int, way: str, dies_after: int | None) -> None:
        for number in self._picked(pick):
            self._end(number, way)
            if way == "run out":
                sweep(self.desk.context)
            self._work(undo, number, dies_after)

    @precondition(when_something_was_asked)
    @rule(edit=owners.edits)
    def an_owner_edits(self, edit: Edit) -> None:
        self.owners.edit(edit)

    @precondition(when_something_was_asked)
    @rule(namespace=st.sampled_from(NAMESPACES))
    def an_owner_isolates_or_opens(self, namespace: str) -> None:
        self.owners.toggle(namespace)

    @precondition(when_something_was_asked)
    @rule()
    def look(self) -> None:
        lapse(self.desk)
        self.desk.look()
        self._settle()
        laws.what_is_open_is_there(self.desk)

    @precondition(when_something_was_asked)
    @rule(pick=picks)
    def reapply(self, pick: int) -> None:
        for number in self._picked(pick):
            with suppress(MeshdeskError):
                self.desk.reapply(number)

    def _picked(self, pick: int) -> list[int]:
        """One open ticket; none where there is none."""
        found = self._numbers(*OPEN)
        return [found[pick % len(found)]] if found else []

    def _numbers(self, *states: State) -> list[int]:
        with self.desk.database.reading() as session:
            return list(session.scalars(select(Ticket.id).where(Ticket.state.in_(states)).order_by(Ticket.id)))

    def _end(self, number: int, way: str) -> None:
        # The clock of a window that is not open yet does not run, and some have no end.
        if way == "run out" and self.desk.ticket(number).expires_at is not None:
            self.desk.run_out(number)
        elif way == "revoke":
            with self.desk.acting("partner") as (session, partner):
                ending.revoke(session, number, reason="an incident", by=partner, now=datetime.now(UTC))
        else:
            self.desk.release(number)

    def _settle(self) -> None:
        """Have all work done, whoever died over it."""
        for _ in range(12):
            lapse(self.desk)
            if not sum([self.desk.deliver(task) for task in laws.CARRIED_OUT]):
                if not self._numbers(*MOVING):
                    return
                sweep(self.desk.context)
        stuck = [(f"MD-{one}", self.desk.state(one), self.desk.problem(one)) for one in self._numbers(*MOVING)]
        raise AssertionError(f"the work never ends: {stuck}")

    def teardown(self) -> None:
        # Of a schedule that failed on its way the failure is told, not what it left.
        if sys.exc_info()[0] is None:
            self._end_all()
            self._judge()

    def _end_all(self) -> None:
        lapse(self.desk)
        for number in self._numbers(*NOT_BEGUN):
            with self.desk.acting("member") as (session, member):
                ending.withdraw(session, number, reason="over", by=member, now=datetime.now(UTC))
        for number in self._numbers(*OPEN):
            self._end(number, WAYS[number % len(WAYS)])
        sweep(self.desk.context)
        self._settle()
        self.desk.look()
        self._settle()

    def _judge(self) -> None:
        now = self.theatre.shown()
        laws.everything_is_over(self.desk)
        laws.nothing_of_ours_is_left(self.desk, now)
        laws.all_is_as_its_owners_left_it(self.owners, self.before, now)
