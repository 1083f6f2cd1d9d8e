"""What of a ticket's objects is in the cluster now, against the record: progress, evidence and proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.mesh.objects import ObjectRef
from workers.cluster.protocol import Object
from workers.context import Spot
from workers.created.rows import Record
from workers.handlers import Before


@dataclass(frozen=True)
class ObjectsObservation:
    """The objects of one target that are on record for a ticket, and those of them that the cluster shows.

    `wanted` is how many there are to be; `waiting` says in sentences what is not yet as it is to be, `extra` is more
    evidence. After a ticket's end `wanted` is 0, and `gone` tells each object that it ever had (rows.history).
    """

    spot: Spot
    wanted: int
    on_record: tuple[Record, ...]
    there: Mapping[ObjectRef, Object]
    waiting: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    gone: Sequence[Mapping[str, Any]] = ()

    @property
    def rolled_out(self) -> bool:
        """True when every object was created and nothing is waited for; one that somebody took away since is drift."""
        created = [record for record in self.on_record if record.uid is not None]
        return len(created) == len(self.on_record) == self.wanted and not self.waiting

    @property
    def matching(self) -> bool:
        """True when what the cluster shows is what is wanted; of an ended ticket, when nothing is left on record."""
        return len(self.on_record) == self.wanted and not self.waiting

    def progress(self) -> dict[str, Any]:
        """The objects in numbers, and what is waited for."""
        return {"objects": len(self.there), "wanted": self.wanted, "waiting": list(self.waiting)}

    def evidence(self, before: Mapping[str, Before]) -> dict[str, Any]:
        """Each object with its uid; of an ended ticket all that it ever had, and when each was read to be gone."""
        if self.gone:
            return {"workload": str(self.spot.ref), "objects": [dict(one) for one in self.gone], **self.extra}
        shown = [
            {"object": str(record.ref), "uid": record.uid, "digest": record.digest, "there": record.ref in self.there}
            for record in self.on_record
        ]
        return {"workload": str(self.spot.ref), "objects": shown, **self.extra}

    def blockers(self) -> list[str]:
        """None: what waits here goes on by itself."""
        return []
