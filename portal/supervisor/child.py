"""One process that the supervisor keeps: how it is started, read, asked to end and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from portal.embedded import die_with_parent

LONGEST_LINE = 64_000
PIECE, PIECES = 65_536, 16


def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class Plan:
    """What one child is: its name in the output, its command, its settings, and how to see that it works."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: str = ""
    ready: Callable[[], bool] = _at_once
    ready_words: str = ""  # How a line ends that it writes when it is ready, where only that tells.
    ends_last: bool = False  # The others need it until they have ended.


class Child:
    """A process in a group of its own, so that Ctrl-C reaches the supervisor alone and the group ends as one."""

    def __init__(self, plan: Plan, environment: Mapping[str, str]) -> None:
        self.plan = plan
        self.started_at = time.monotonic()
        self.readable = True
        self._partial = b""
        # The supervisor has no threads, which is what makes preexec_fn safe and binds the child to the process.
        self._process = subprocess.Popen(  # noqa: S603 - commands come from plans.py
            list(plan.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environment, **plan.environment},
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )
        self._give(plan.stdin)
        os.set_blocking(self.descriptor, False)

    @property
    def pid(self) -> int:
        """The process id, which is the group's too."""
        return self._process.pid

    @property
    def descriptor(self) -> int:
        """What to wait on for output."""
        assert self._process.stdout is not None  # noqa: S101 - tells mypy that it is a pipe
        return self._process.stdout.fileno()

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self.started_at

    @property
    def exit_code(self) -> int | None:
        """Its exit code, minus the signal's number where one ended it; None while it runs."""
        return self._process.poll()

    def lines(self) -> list[str]:
        """Whole lines that it wrote since the last call; `readable` is false once no more can come."""
        *whole, self._partial = (self._partial + b"".join(self._pieces())).split(b"\n")
        if self._partial and (len(self._partial) > LONGEST_LINE or not self.readable):
            whole, self._partial = [*whole, self._partial], b""
        return [line.decode(errors="replace").rstrip() for line in whole]

    def _pieces(self) -> Iterator[bytes]:
        """What can be read now, up to a megabyte: one child that never stops writing must not hold up the others."""
        with suppress(BlockingIOError):
            for _ in range(PIECES if self.readable else 0):
                piece = os.read(self.descriptor, PIECE)
                self.readable = bool(piece)
                if not piece:
                    return
                yield piece

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group; nothing happens where all of it has ended."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def ask_to_end(self) -> None:
        """Ask the process itself: what it started is its own to end."""
        if self.exit_code is None:
            self._process.terminate()

    def wait(self) -> None:
        """Return when it has ended."""
        self._process.wait()

    def close(self) -> None:
        """Let go of the pipe; the process has ended."""
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _give(self, text: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - tells mypy that it is a pipe
        # A child that died at once is seen by its exit code.
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(text.encode())
