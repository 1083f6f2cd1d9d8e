"""One child process of the control plane, which ends with its parent. harness.py holds five of them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

KEPT_VARIABLES = ("PATH", "TMPDIR", "LANG", "GOMAXPROCS")


class Child:
    """A program that lives no longer than we do.

    It holds the reading end of a pipe as its standard input and ends when that closes (see main.go), which the kernel
    does for us however we end. PR_SET_PDEATHSIG would be bound to the thread that started it, and is Linux only.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self.command = list(command)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The program's name: the argument after the path of the one binary."""
        return self.command[1]

    @property
    def started(self) -> bool:
        """Whether it was started and not ended by us: when it is not alive then, it ended by itself."""
        return self._process is not None

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id while it is alive."""
        return self._process.pid if self._process is not None and self.alive else None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        if self.alive:
            return
        environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        environment |= {"END_WITH_STDIN": "1", "HOME": str(self.log.parent)}
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it has ended."""
        if self._process is not None and self.alive:
            self._process.send_signal(number)

    def end(self, *, patience: float = 0.0) -> None:
        """End it and wait until it is gone: asked to for `patience` seconds (when positive), then killed."""
        process = self._process
        if process is None:
            return
        if patience > 0:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
        self._process = None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for an error that says why it did not start."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])
