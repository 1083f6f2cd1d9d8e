"""What a ticket wants of a workload's pod template: kinds make it, the fold uses it, the database keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portal.mesh.annotations import INJECT, SETTINGS, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.ports import Ports

EMPTY = Ports()


@dataclass(frozen=True)
class Want:
    """Ports to add to each skip list, and the keys of SETTINGS to be set; the operators work field by field."""

    skip_inbound: Ports = EMPTY
    skip_outbound: Ports = EMPTY
    settings: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if unknown := self.settings - SETTINGS.keys():
            raise ValueError(f"{', '.join(sorted(unknown))}: no ticket sets that.")

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

    @classmethod
    def of_setting(cls, key: str) -> Want:
        """One key of SETTINGS, to be set to its value."""
        return cls(settings=frozenset({key}))

    @property
    def disable_injection(self) -> bool:
        """Whether injection is to be off."""
        return INJECT in self.settings

    def ports(self, key: str) -> Ports:
        """What is wanted in the list of one skip key."""
        return {SKIP_INBOUND: self.skip_inbound, SKIP_OUTBOUND: self.skip_outbound}[key]

    def __or__(self, other: Want) -> Want:
        return Want(
            self.skip_inbound | other.skip_inbound,
            self.skip_outbound | other.skip_outbound,
            self.settings | other.settings,
        )

    def __and__(self, other: Want) -> Want:
        return Want(
            self.skip_inbound & other.skip_inbound,
            self.skip_outbound & other.skip_outbound,
            self.settings & other.settings,
        )

    def __sub__(self, other: Want) -> Want:
        return Want(
            self.skip_inbound - other.skip_inbound,
            self.skip_outbound - other.skip_outbound,
            self.settings - other.settings,
        )

    def __bool__(self) -> bool:
        return bool(self.skip_inbound or self.skip_outbound or self.settings)

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return {
            "skip_inbound": str(self.skip_inbound),
            "skip_outbound": str(self.skip_outbound),
            "settings": sorted(self.settings),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Want:
        """What `to_json` gave; {} is nothing wanted. Rows of the first version say `disable_injection`."""
        before = [INJECT] if data.get("disable_injection") else []
        return cls(
            Ports.parse(data.get("skip_inbound", "")),
            Ports.parse(data.get("skip_outbound", "")),
            frozenset(data.get("settings", before)),
        )


NOTHING = Want()
