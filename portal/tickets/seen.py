"""What `sights.look` gives, and what each way of looking begins with: the inventory of a namespace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal import queries
from portal.errors import NotReady
from portal.kinds.base import Fields, View
from portal.mesh.want import NOTHING, Want
from portal.mesh.workloads import WorkloadRef
from portal.models import Target
from portal.queries import NamespaceView, Place


@dataclass(frozen=True)
class Sight:
    """One target as last seen, what is remembered of it, and what the ask wants of its pod template."""

    view: View
    target: Target | None
    wanted: Want = NOTHING


@dataclass(frozen=True)
class Seen:
    """All targets of an ask, and how old what is known of them is (None: nothing is needed)."""

    sights: list[Sight]
    seen_at: datetime | None


Look = Callable[[Session, Place, Fields, Sequence[WorkloadRef]], Seen]


def namespace_seen(
    session: Session, cluster: str, namespace: str, *, only: Sequence[WorkloadRef] | None = None
) -> NamespaceView:
    """The inventory of a namespace, or of these workloads; raises NotReady where workers have not seen it yet."""
    named = None if only is None else [(ref.kind, ref.name) for ref in only]
    view = queries.namespace_view(session, cluster, namespace, only=named)
    if view is None:
        raise NotReady(
            f"Workers have not seen namespace {namespace} on {cluster} yet: try again in a minute, and ask "
            "your platform operators if it stays so."
        )
    return view
