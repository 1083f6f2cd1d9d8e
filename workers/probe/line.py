"""One TCP connection of a probe: it ends by its deadline, and reads no more than a handshake needs."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable
from types import TracebackType

MOST_BYTES = 64 * 1024
"""What one connection reads at most: certificate chains are a few kilobytes."""
CONNECT = 5.0
"""How long a connection may take to come about."""
_PIECE = 4096
_NOBODY = frozenset({errno.ECONNREFUSED})


class Nobody(Exception):
    """Nothing listens at the port."""


class Away(Exception):
    """The address cannot be reached."""


class Line:
    """A connection to an address and port until `deadline` (monotonic); `closed` once the other side ended it."""

    def __init__(self, address: str, port: int, deadline: float) -> None:
        self.deadline = deadline
        self.closed = False
        self.read = 0
        self._socket = _connected(address, port, deadline)

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, sort: type[BaseException] | None, what: BaseException | None, where: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it; a connection that is closed takes nothing."""
        try:
            self._socket.settimeout(self._left())
            self._socket.sendall(data)
        except OSError:
            self.closed = True

    def receive(self, enough: Callable[[bytes], bool], seconds: float) -> bytes:
        """What comes until it is enough, the other side closes, the seconds are over or the bound is reached."""
        said, until = b"", min(self.deadline, time.monotonic() + seconds)
        while not enough(said) and not self.closed and (left := until - time.monotonic()) > 0:
            piece = self._piece(left)
            said += piece
            if self.read >= MOST_BYTES:
                self.closed = True
        return said

    def _piece(self, seconds: float) -> bytes:
        try:
            self._socket.settimeout(seconds)
            piece = self._socket.recv(_PIECE)
        except TimeoutError:
            return b""
        except OSError:
            piece = b""
        self.closed = not piece
        self.read += len(piece)
        return piece

    def _left(self) -> float:
        return max(self.deadline - time.monotonic(), 0.001)


def _connected(address: str, port: int, deadline: float) -> socket.socket:
    seconds = min(CONNECT, max(deadline - time.monotonic(), 0.001))
    try:
        return socket.create_connection((address, port), timeout=seconds)
    except OSError as error:
        if error.errno in _NOBODY:
            raise Nobody from error
        raise Away from error
