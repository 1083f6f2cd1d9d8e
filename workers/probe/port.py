"""One port of one address: the openings in their order, each on a connection of its own, until one of them tells."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from portal.mesh.probing.judging import Answer, Attempt
from portal.mesh.probing.plan import why_not_dialled
from portal.mesh.probing.speech import SERVER_FIRST, Opening, openings
from workers.probe.line import Away, Line, Nobody
from workers.probe.opening import WAYS

A_PORT = 15.0
"""Seconds that a probe of one port takes at most, over all openings."""
_TELLING = frozenset({Answer.SECURED, Answer.CLEAR, Answer.REFUSED_TLS, Answer.NOBODY, Answer.AWAY})


@dataclass(frozen=True)
class Door:
    """A pod's address or a destination's host, and a port to try; `name` is what containers call the port.

    `server_name` is a destination's own name, which servers of several names ask for.
    """

    host: str
    port: int
    name: str | None = None
    server_name: str | None = None
    loopback: bool = False


def attempts_at(door: Door, seconds: float = A_PORT) -> list[Attempt]:
    """How the port answered within the seconds, opening by opening; at least one."""
    deadline = time.monotonic() + seconds
    address = door.host if door.server_name is None else _looked_up(door.host, door.port)
    why = f"{door.host} is a name that the worker cannot look up" if address is None else _forbidden(door, address)
    if address is None or why is not None:
        return [Attempt(Opening.TLS, Answer.UNDIALLED, told=f"A probe does not dial it: {why}.")]
    return _in_turn(door, address, deadline)


def _forbidden(door: Door, address: str) -> str | None:
    return why_not_dialled(address, loopback=door.loopback)


def _looked_up(host: str, port: int) -> str | None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    return str(found[0][4][0])


def _in_turn(door: Door, address: str, deadline: float) -> list[Attempt]:
    left, tried = openings(door.port, door.name), list[Attempt]()
    while left and (not tried or time.monotonic() < deadline):
        tried.append(_attempt(door, address, left.pop(0), deadline))
        if _is_told(tried):
            break
        left = _next(tried[-1], left, tried)
    return tried


def _attempt(door: Door, address: str, opening: Opening, deadline: float) -> Attempt:
    try:
        with Line(address, door.port, deadline) as line:
            return WAYS[opening](line, door.server_name)
    except Nobody:
        return Attempt(opening, Answer.NOBODY)
    except Away:
        return Attempt(opening, Answer.AWAY)


def _is_told(tried: list[Attempt]) -> bool:
    """Whether the last attempt says all: also an answer that leads nowhere, for more would be noise to its server."""
    last = tried[-1]
    leads_on = last.speech is not None and last.speech.opening is not None
    return last.answer in _TELLING or (last.answer is Answer.UNKNOWN and not leads_on)


def _next(last: Attempt, left: list[Opening], tried: list[Attempt]) -> list[Opening]:
    """The openings that are left, the one first that the server's own words ask for."""
    asked = last.speech.opening if last.speech is not None else None
    if asked is None or any(_same(asked, one.opening) for one in tried):
        return left
    return [asked, *(one for one in left if not _same(one, asked))]


def _same(one: Opening, other: Opening) -> bool:
    return one is other or {one, other} <= SERVER_FIRST
