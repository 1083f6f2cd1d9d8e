"""What is remembered of a cluster's Viz on its target's row: the bundle that is being installed, since when, and the
authorities that its certificates come from. Public things only: no key is ever here.

Whoever writes it holds the target (workers/created/lease.py), so it has one writer at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.mesh.viz.bundle import Bundle
from portal.models import Target
from workers.context import Context, Spot


@dataclass(frozen=True)
class Authority:
    """The newest authority of one server: its certificate as PEM, sha256 of that in hex, and when it ends."""

    pem: str
    sha256: str
    ends: datetime


@dataclass(frozen=True)
class Memory:
    """An installation, from before its first object to after its last; all empty where there is none.

    `bundle` is pinned when it begins, so that a registry that is applied meanwhile changes nothing of it. `up_at` is
    when it was whole for the first time. `removing` is committed before the first deletion: from then on there is no
    way back but to the end of the removal. `added` are others' objects inside it, as seen then, in sentences. `before`
    are the uids of policies that let a Viz in and were there before ours: they stay.
    """

    bundle: Bundle | None = None
    since: datetime | None = None
    up_at: datetime | None = None
    removing: bool = False
    added: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    authorities: Mapping[str, Authority] = field(default_factory=dict)

    @property
    def pinned(self) -> Bundle:
        """The bundle of the installation under way; raises ValueError where there is none."""
        if self.bundle is None:
            raise ValueError("no installation of Viz is under way")
        return self.bundle

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return {
            "bundle": self.bundle.to_json() if self.bundle else None,
            "since": _text(self.since),
            "up_at": _text(self.up_at),
            "removing": self.removing,
            "added": list(self.added),
            "before": list(self.before),
            "authorities": {
                name: {"pem": one.pem, "sha256": one.sha256, "ends": one.ends.isoformat()}
                for name, one in self.authorities.items()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Memory:
        """What `to_json` gave; {} is nothing."""
        return cls(
            bundle=Bundle.from_json(data["bundle"]) if data.get("bundle") else None,
            since=_instant(data.get("since")),
            up_at=_instant(data.get("up_at")),
            removing=bool(data.get("removing")),
            added=tuple(data.get("added", ())),
            before=tuple(data.get("before", ())),
            authorities={
                name: Authority(one["pem"], one["sha256"], datetime.fromisoformat(one["ends"]))
                for name, one in data.get("authorities", {}).items()
            },
        )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def remembered(context: Context, spot: Spot) -> Memory:
    """What is remembered now."""
    with context.database.reading() as session:
        return Memory.from_json(session.get_one(Target, spot.target_id).memory)


def remember(context: Context, spot: Spot, memory: Memory) -> Memory:
    """Commit it."""
    with context.database.unit_of_work() as session:
        session.get_one(Target, spot.target_id).memory = memory.to_json()
    return memory
