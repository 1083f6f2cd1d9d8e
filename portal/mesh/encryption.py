"""How far the mesh encrypts a workload: by its pod template, its namespace and the mesh's defaults. Pure.

What running pods show is another matter: a pod that is older than its template is as the template was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND, MeshDefaults, effective_skip
from portal.mesh.ports import Ports
from portal.mesh.want import NOTHING, Want

DIRECTIONS = {SKIP_INBOUND: "inbound", SKIP_OUTBOUND: "outbound"}


class Standing(StrEnum):
    """How far a workload is encrypted."""

    ENCRYPTED = "encrypted"
    PARTLY = "partly"
    UNMESHED = "unmeshed"


@dataclass(frozen=True)
class Skips:
    """Ports that go past the proxy though the control plane's defaults do not say so.

    `unread` are lists that cannot be parsed, as they are written.
    """

    ports: Want = NOTHING
    unread: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.ports or self.unread)

    @property
    def words(self) -> str:
        """`inbound 8080, outbound 443`: each direction with its ports; empty where none is skipped."""
        lists = ((word, self.ports.ports(key)) for key, word in DIRECTIONS.items())
        told = [f"{word} {ports}" for word, ports in lists if ports]
        return ", ".join([*told, *(f'"{text}", which is no list of ports' for text in self.unread)])


def skips(template: Mapping[str, str], namespace: Mapping[str, str], defaults: MeshDefaults) -> Skips:
    """What the annotations of a pod template and of its namespace have go past the proxy."""
    total, unread = NOTHING, []
    for key in (one for one in DIRECTIONS if one in template or one in namespace):
        text = effective_skip(key, template, namespace, defaults).value
        ports = _parsed(text)
        if ports is None:
            unread.append(text)
        else:
            total |= Want.of_ports(key, ports - (_parsed(defaults.skip(key)) or Ports()))
    return Skips(total, tuple(unread))


# Few lists are written, on very many workloads.
@lru_cache(maxsize=1024)
def _parsed(text: str) -> Ports | None:
    try:
        return Ports.parse(text)
    except ValueError:
        return None


def standing(found: Skips, *, meshed: bool) -> Standing:
    """How far a workload is encrypted; `meshed` says that its pods get a proxy."""
    if not meshed:
        return Standing.UNMESHED
    return Standing.PARTLY if found else Standing.ENCRYPTED


def unexplained(found: Skips, granted: Want, *, meshed: bool) -> Skips | None:
    """What tickets that granted this do not explain: the ports that are left; None where they explain all of it.

    A workload without a proxy is explained by a ticket that turned the injection off, and by nothing else.
    """
    if not meshed:
        return None if INJECT in granted.settings else Skips()
    left = Skips(found.ports - granted, found.unread)
    return left or None
