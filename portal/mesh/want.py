"""What a ticket wants of a workload's pod template: kinds make it, the fold uses it, the database keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.ports import Ports

EMPTY = Ports()


@dataclass(frozen=True)
class Want:
    """Ports to add to each skip list, and whether injection is to be off; the operators work field by field."""

    skip_inbound: Ports = EMPTY
    skip_outbound: Ports = EMPTY
    disable_injection: bool = False

    @classmethod
    def union(cls, wants: Iterable[Want]) -> Want:
        """All that several tickets want together."""
        total = cls()
        for want in wants:
            total = total | want
        return total

    @classmethod
    def of_ports(cls, key: str, ports: Ports) -> Want:
        """These ports in the list of one skip key."""
        return cls(skip_inbound=ports) if key == SKIP_INBOUND else cls(skip_outbound=ports)

    def ports(self, key: str) -> Ports:
        """What is wanted in the list of one skip key."""
        return {SKIP_INBOUND: self.skip_inbound, SKIP_OUTBOUND: self.skip_outbound}[key]

    def __or__(self, other: Want) -> Want:
        return Want(
            self.skip_inbound | other.skip_inbound,
            self.skip_outbound | other.skip_outbound,
            self.disable_injection or other.disable_injection,
        )

    def __and__(self, other: Want) -> Want:
        return Want(
            self.skip_inbound & other.skip_inbound,
            self.skip_outbound & other.skip_outbound,
            self.disable_injection and other.disable_injection,
        )

    def __sub__(self, other: Want) -> Want:
        return Want(
            self.skip_inbound - other.skip_inbound,
            self.skip_outbound - other.skip_outbound,
            self.disable_injection and not other.disable_injection,
        )

    def __bool__(self) -> bool:
        return bool(self.skip_inbound or self.skip_outbound or self.disable_injection)

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return {
            "skip_inbound": str(self.skip_inbound),
            "skip_outbound": str(self.skip_outbound),
            "disable_injection": self.disable_injection,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Want:
        """What `to_json` gave; {} is nothing wanted."""
        return cls(
            Ports.parse(data.get("skip_inbound", "")),
            Ports.parse(data.get("skip_outbound", "")),
            bool(data.get("disable_injection", False)),
        )


NOTHING = Want()
