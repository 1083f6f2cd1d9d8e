"""Where the supervisor and its children write: one line each, named, and never waiting for a reader who is slow."""

from __future__ import annotations

import os
import select

LONGEST = 4000  # A pipe that is writable at all takes this much whole.


class Output:
    """Lines to one file descriptor. A reader who stops reading or goes away costs lines, never the product."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._left_out = 0

    def say(self, text: str) -> None:
        """Write a text of the supervisor's own."""
        for line in text.splitlines():
            self._write(line)

    def line(self, name: str, text: str) -> None:
        """Write one line of the child `name`."""
        self._write(f"{name:<9}| {text}")

    def _write(self, line: str) -> None:
        if not self._takes():
            self._left_out += 1
            return
        note = f"({self._left_out} lines were left out: nobody read them)\n" if self._left_out else ""
        self._left_out = 0
        try:
            os.write(self._descriptor, note.encode() + line.encode(errors="replace")[:LONGEST] + b"\n")
        except OSError:
            # Nobody is left to read; the product goes on without.
            self._descriptor = -1

    def _takes(self) -> bool:
        if self._descriptor < 0:
            return False
        # poll, since select cannot take descriptors of 1024 and above.
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return any(event & (select.POLLOUT | select.POLLERR) for _, event in poll.poll(0))
