"""The supervisor's loop: keeps children running, passes on what they write, and ends them all when it is told to."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import FrameType

from portal.errors import ConfigurationError
from portal.supervisor.child import Child, Plan
from portal.supervisor.lock import Lock
from portal.supervisor.output import Output

TICK = 0.1
SETTLED_SECONDS = 10.0  # One that ran this long has started well.
TRIES = 3
LONGEST_PAUSE = 30.0
PATIENCE, LAST_PATIENCE = 3.0, 1.5


class Stopping(Exception):
    """A signal asked the supervisor to end, or its own parent is gone."""


@dataclass
class Kept:
    """A child that is to run all the time: the process of now, its failures in a row, and when it is started again."""

    plan: Plan
    child: Child | None = None
    failures: int = 0
    due: float = 0.0
    settled: bool = False
    words_seen: bool = False

    @property
    def ready(self) -> bool:
        """Whether it does its work now."""
        return self.child is not None and (self.words_seen or not self.plan.ready_words) and self.plan.ready()


class Supervisor:
    """Every child of one `meshdesk up`. It has no threads: one loop reads, mends and listens for signals."""

    def __init__(self, output: Output, lock: Lock, environment: Mapping[str, str]) -> None:
        self.output = output
        self._lock = lock
        self._environment = environment
        self._kept: list[Kept] = []
        self._selector = selectors.DefaultSelector()
        self._asked = 0
        self._parent: int | None = None

    def listen(self, *, end_with_parent: bool) -> None:
        """From now on SIGINT, SIGTERM and SIGHUP end the run, and a parent that goes away too where that is wanted."""
        self._parent = os.getppid() if end_with_parent else None
        signal.signal(signal.SIGINT, self._ask)
        signal.signal(signal.SIGTERM, self._ask)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which is what nohup asks for
            signal.signal(signal.SIGHUP, self._ask)

    def finish(self, plan: Plan) -> None:
        """Run a child to its end; ConfigurationError when it fails, Stopping when asked to end meanwhile."""
        kept = self._add(plan)
        assert kept.child is not None  # noqa: S101 - just started
        while kept.child.exit_code is None:
            self._pump()
        code = self._collect(kept)
        self._kept.remove(kept)
        if code:
            raise ConfigurationError(f"Meshdesk did not start: its step `{plan.name}` failed, see its lines above.")

    def keep(self, plan: Plan) -> None:
        """Start a child and have it running from now on."""
        self._add(plan)

    def until_ready(self, seconds: float) -> bool:
        """Whether every kept child was ready within that time. ConfigurationError when one keeps ending at once."""
        waiting = self._kept
        deadline = time.monotonic() + seconds
        while waiting and time.monotonic() < deadline:
            self.turn()
            waiting = [kept for kept in waiting if not kept.ready]
        return not waiting

    def turn(self) -> None:
        """One turn of the loop: pass on output, start again what ended.

        Raises Stopping when it is time to end, ConfigurationError when a child that never ran well ended three times.
        """
        self._pump()
        for kept in self._kept:
            if kept.child is not None and kept.child.exit_code is not None:
                self._mourn(kept)
            elif kept.child is None and time.monotonic() >= kept.due:
                self._start(kept)

    def stop(self) -> None:
        """End every child: the product first, then what it stands on; a second signal kills them at once."""
        self._end([kept for kept in self._kept if not kept.plan.ends_last], PATIENCE)
        self._end([kept for kept in self._kept if kept.plan.ends_last], LAST_PATIENCE)
        self._kept.clear()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked += 1

    def _add(self, plan: Plan) -> Kept:
        kept = Kept(plan)
        self._kept.append(kept)
        self._start(kept)
        return kept

    def _start(self, kept: Kept) -> None:
        kept.child, kept.words_seen = Child(kept.plan, self._environment), False
        self._selector.register(kept.child.descriptor, selectors.EVENT_READ, kept)
        self._note()

    def _note(self) -> None:
        self._lock.note({kept.child.pid: kept.plan.command[0] for kept in self._kept if kept.child is not None})

    def _mourn(self, kept: Kept) -> None:
        """Say that a child ended, and when it is started again."""
        age = kept.child.age if kept.child is not None else 0.0
        code = self._collect(kept)
        kept.settled = kept.settled or age > SETTLED_SECONDS
        kept.failures = 1 if age > SETTLED_SECONDS else kept.failures + 1
        if kept.failures >= TRIES and not kept.settled:
            raise ConfigurationError(f"Meshdesk did not start: `{kept.plan.name}` keeps ending, see its lines above.")
        pause = min(0.5 * 2 ** (kept.failures - 1), LONGEST_PAUSE)
        kept.due = time.monotonic() + pause
        self.output.say(f"{kept.plan.name} {_ending(code)}; it is started again in {pause:g} s.")

    def _collect(self, kept: Kept) -> int:
        """Pass on the last words of a child that ended, end what it left behind, and give its exit code."""
        child, kept.child = kept.child, None
        assert child is not None  # noqa: S101 - only called for one that ran
        self._pass_on(kept, child)
        if child.readable:
            # Something that it started still holds the pipe.
            self._selector.unregister(child.descriptor)
        child.signal(signal.SIGKILL)
        child.close()
        return child.exit_code or 0

    def _pump(self, *, ending: bool = False) -> None:
        for key, _ in self._selector.select(TICK):
            kept: Kept = key.data
            if kept.child is not None:
                self._pass_on(kept, kept.child)
        if not ending and (self._asked or self._orphaned()):
            raise Stopping

    def _pass_on(self, kept: Kept, child: Child) -> None:
        could = child.readable
        for line in child.lines():
            kept.words_seen = kept.words_seen or line.endswith(kept.plan.ready_words)
            self.output.line(kept.plan.name, line)
        if could and not child.readable:
            self._selector.unregister(child.descriptor)

    def _orphaned(self) -> bool:
        return self._parent is not None and os.getppid() != self._parent

    def _end(self, all_kept: Iterable[Kept], patience: float) -> None:
        running = [kept for kept in all_kept if kept.child is not None]
        for kept in running:
            if kept.child is not None:
                kept.child.ask_to_end()
        deadline = time.monotonic() + patience
        while self._alive(running) and time.monotonic() < deadline and self._asked <= 1:
            self._pump(ending=True)
        for kept in self._alive(running):
            self.output.say(f"{kept.plan.name} took too long to end and is killed.")
        for kept in running:
            self._bury(kept)

    @staticmethod
    def _alive(running: Iterable[Kept]) -> list[Kept]:
        return [kept for kept in running if kept.child is not None and kept.child.exit_code is None]

    def _bury(self, kept: Kept) -> None:
        if kept.child is None:
            return
        kept.child.signal(signal.SIGKILL)
        kept.child.wait()
        self._collect(kept)


def _ending(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
