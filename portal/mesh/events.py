"""Kubernetes' Events as evidence keeps them: what was said, how often, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

MOST = 20
_LONGEST = 1000
_TIMES = ("lastTimestamp", "eventTime", "firstTimestamp")


@dataclass(frozen=True)
class Told:
    """One Event; `last_at` is when it was last said, as the cluster writes it."""

    reason: str
    message: str
    count: int
    last_at: str
    warning: bool

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict, for evidence."""
        return asdict(self)


def told(events: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Raw core Events, read."""
    return [_one(event) for event in events]


def newest(events: Iterable[Told]) -> list[Told]:
    """The newest of them first, a handful."""
    return sorted(events, key=lambda one: datetime.fromisoformat(one.last_at), reverse=True)[:MOST]


def _one(event: Mapping[str, Any]) -> Told:
    series = event.get("series") or {}
    times = [series.get("lastObservedTime"), *(event.get(name) for name in _TIMES)]
    return Told(
        reason=str(event.get("reason") or ""),
        message=" ".join(str(event.get("message") or "").split())[:_LONGEST],
        count=int(series.get("count") or event.get("count") or 1),
        last_at=next((str(at) for at in times if at), str(event["metadata"]["creationTimestamp"])),
        warning=event.get("type") == "Warning",
    )
