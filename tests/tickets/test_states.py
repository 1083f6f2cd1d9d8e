"""The table of states, against the design's, and the one place that moves a ticket."""

from __future__ import annotations

import re
from itertools import product

import pytest

from portal.access.actor import WORKER
from portal.db import database_now
from portal.errors import WrongState
from portal.models import Ticket
from portal.states import MOVES, TERMINAL, State, may_move
from portal.tickets.moving import move, take_for_change
from tests.workers.desk import Desk

DESIGN = """
pending   -> approved rejected withdrawn lapsed
approved  -> applying withdrawn lapsed closed
applying  -> active reverting approved failed
active    -> reverting
failed    -> approved withdrawn lapsed
reverting -> closed
"""
UNWRITTEN_ONLY = {(State.APPLYING, State.APPROVED), (State.APPLYING, State.FAILED)}
ALLOWED = {
    (State(before), State(after))
    for before, _, following in (line.partition("->") for line in DESIGN.strip().splitlines())
    for before in [before.strip()]
    for after in following.split()
}
PAIRS = list(product(State, State))


@pytest.mark.parametrize("written", [False, True])
def test_every_pair_of_states_is_allowed_as_the_design_says(written: bool) -> None:
    expected = ALLOWED - UNWRITTEN_ONLY if written else ALLOWED
    assert {pair for pair in PAIRS if may_move(*pair, written=written)} == expected


def test_what_ends_a_ticket_ends_it() -> None:
    assert list(MOVES.keys() ^ set(State)) == []
    assert {State.CLOSED, State.REJECTED, State.WITHDRAWN, State.LAPSED} == TERMINAL


@pytest.mark.parametrize("written", [False, True])
def test_a_move_is_testified_and_a_refused_one_leaves_nothing(desk: Desk, written: bool) -> None:
    number = desk.ask("7001")
    for before, after in PAIRS:
        put(desk, number, before, written)
        told, refused = len(desk.events(number)), f"MD-{number} is {before}; it cannot become {after} from there."
        if may_move(before, after, written=written):
            go(desk, number, after)
            assert (desk.state(number), desk.events(number)[told:]) == (after, [f"ticket:{after}"])
            continue
        with pytest.raises(WrongState, match=re.escape(refused)):
            go(desk, number, after)
        assert (desk.state(number), len(desk.events(number))) == (before, told)


def put(desk: Desk, number: int, state: State, written: bool) -> None:
    with desk.database.unit_of_work() as session:
        ticket = session.get_one(Ticket, number)
        ticket.state, ticket.writing_from = state, database_now(session) if written else None


def go(desk: Desk, number: int, to: State) -> None:
    with desk.database.unit_of_work() as session:
        ticket = take_for_change(session, number, by=WORKER)
        move(session, ticket, to, by=WORKER, now=database_now(session))
