"""What somebody asks, as the edges hand it to the verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from portal.restart_window import RestartWindow


@dataclass(frozen=True)
class Ask:
    """A request: the envelope, with the kind's own fields still as they were sent.

    Which of cluster, namespace and tenant must be named, the kind's scope says; `starts_at` None is at once.
    """

    kind: str
    cluster: str | None
    namespace: str | None
    reason: str
    duration: timedelta | None
    fields: dict[str, Any]
    renews: str | None = None
    tenant: str | None = None
    starts_at: datetime | None = None
    restart_window: RestartWindow | None = None
