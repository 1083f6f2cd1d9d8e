"""What live tickets explain of a hole, and what they leave: posture asks for each hole at each reading. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.holes import LEFTOVERS, WITHOUT_PROXY, Code
from portal.mesh.ports import Ports
from portal.mesh.want import Want
from portal.mesh.weakness import Weakness

SKIP_KEYS = {Code.SKIP_INBOUND: SKIP_INBOUND, Code.SKIP_OUTBOUND: SKIP_OUTBOUND}
_SETTING = {**dict.fromkeys(WITHOUT_PROXY, INJECT), Code.DEBUG: DEBUG_SIDECAR}


@dataclass(frozen=True)
class Explained:
    """The numbers of the tickets that explain a hole in whole or in part; `left` are the ports that they do not."""

    whole: bool
    tickets: tuple[int, ...] = ()
    left: str = ""


def explained(code: Code, found: Collection[Weakness], granted: Mapping[int, Want]) -> Explained:
    """How far these tickets explain it, by what each has on the workload: by its number."""
    if code in SKIP_KEYS:
        return _skips(SKIP_KEYS[code], found, granted)
    setting = _SETTING.get(code)
    tickets = tuple(sorted(number for number, want in granted.items() if setting in want.settings))
    return Explained(bool(tickets) or code in LEFTOVERS, tickets)


def ports_of(found: Collection[Weakness]) -> tuple[Ports, list[str]]:
    """The ports of lists that skip them, and the texts that are no lists."""
    ports, unread = Ports(), []
    for one in found:
        try:
            ports |= Ports.parse(one.value)
        except ValueError:
            unread.append(one.value)
    return ports, sorted(unread)


def _skips(key: str, found: Collection[Weakness], granted: Mapping[int, Want]) -> Explained:
    ports, unread = ports_of(found)
    of = {number: want.ports(key) & ports for number, want in granted.items()}
    tickets = tuple(sorted(number for number, some in of.items() if some))
    left = ports
    for some in of.values():
        left -= some
    return Explained(not left and not unread, tickets, str(left) if tickets else "")
