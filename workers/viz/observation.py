"""A cluster's Viz as it is now, for progress, evidence and proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.context import Spot
from workers.handlers import Before


@dataclass(frozen=True)
class VizObservation:
    """`created` of `wanted` objects are there (after the end: `wanted` 0); `waiting` is what is not as it is to be, in
    sentences; `stuck` where that lasts longer than it should; `data` is the evidence."""

    spot: Spot
    created: int
    wanted: int
    waiting: tuple[str, ...] = ()
    stuck: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rolled_out(self) -> bool:
        """True when all of it is there and serves."""
        return not self.waiting

    @property
    def matching(self) -> bool:
        """True when it is as the live tickets want it: there for them, or gone."""
        return not self.waiting

    def progress(self) -> dict[str, Any]:
        """Numbers, and what is waited for."""
        return {"objects": self.created, "wanted": self.wanted, "waiting": list(self.waiting)}

    def evidence(self, before: Mapping[str, Before]) -> dict[str, Any]:
        """Its objects, certificates and API; of one that was removed each object with its uid and when it was gone."""
        return {"workload": str(self.spot.ref), **self.data}

    def blockers(self) -> list[str]:
        """What a person should look at, for it has not moved for a while."""
        return list(self.waiting) if self.stuck else []
