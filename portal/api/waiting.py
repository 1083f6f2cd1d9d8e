"""Long polls: wait for a ticket's state, holding no database session, in at most half of the server's threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from portal.states import MOVES, State, may_move

POLL_SECONDS = 0.25


class Waited(StrEnum):
    """How a wait ended."""

    REACHED = "reached"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    BUSY = "busy"


@dataclass(frozen=True)
class Standing:
    """What decides whether waiting goes on; `written` says that a cluster may have been touched, `worked` that workers
    carry such tickets out at all."""

    state: State
    written: bool
    worked: bool = True


def reachable(standing: Standing) -> frozenset[State]:
    """Every state that a ticket may still get to from here, its present one included."""
    found, edge = {standing.state}, [standing.state]
    never = frozenset() if standing.worked else frozenset({State.APPLYING})
    while edge:
        before = edge.pop()
        for after in MOVES[before] - found - never:
            if may_move(before, after, written=standing.written):
                found.add(after)
                edge.append(after)
    return frozenset(found)


class WaitingRoom:
    """The places for requests that wait; half of the server's threads, so that the rest can always answer.

    `closed` says that the server is about to stop: who waits then gets the present state at once.
    """

    def __init__(self, threads: int) -> None:
        self._places = threading.BoundedSemaphore(threads // 2) if threads > 1 else None
        self.closed: Callable[[], bool] = lambda: False

    @contextmanager
    def _place(self) -> Iterator[bool]:
        taken = self._places is not None and self._places.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken and self._places is not None:
                self._places.release()

    def wait(self, look: Callable[[], Standing], wanted: frozenset[State], *, seconds: float) -> Waited:
        """Look until one of `wanted` is reached or can no longer be, at most `seconds`; `look` must hold nothing."""
        deadline = time.monotonic() + seconds
        if (settled := _settled(look(), wanted)) is not None:
            return settled
        with self._place() as taken:
            if not taken:
                return Waited.BUSY
            return self._watch(look, wanted, deadline)

    def _watch(self, look: Callable[[], Standing], wanted: frozenset[State], deadline: float) -> Waited:
        while (left := deadline - time.monotonic()) > 0:
            if self.closed():
                break
            time.sleep(min(POLL_SECONDS, left))
            if (settled := _settled(look(), wanted)) is not None:
                return settled
        return Waited.TIMEOUT


def _settled(standing: Standing, wanted: frozenset[State]) -> Waited | None:
    if standing.state in wanted:
        return Waited.REACHED
    return None if reachable(standing) & wanted else Waited.UNREACHABLE
