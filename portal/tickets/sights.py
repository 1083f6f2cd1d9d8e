"""The targets of an ask as workers last saw them: what previews are made from and asks are routed by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.kinds.base import Fields, Kind, WorkloadKind
from portal.mesh.want import NOTHING
from portal.mesh.workloads import WorkloadRef
from portal.queries import NamespaceView, Place
from portal.tickets import routing
from portal.tickets.egress_sights import namespaces_seen
from portal.tickets.seen import Look, Seen, Sight, namespace_seen
from portal.tickets.viz_sights import cluster_seen

__all__ = ["LOOKS", "Look", "Seen", "Sight", "look", "namespace_seen"]

# How targets that are no workloads are looked at, by the kind in their reference.
LOOKS: dict[str, Look] = {"egress": namespaces_seen, "viz": cluster_seen}


def look(session: Session, kind: Kind[Any], fields: Fields, place: Place) -> Seen:
    """The targets of an ask; raises NotReady where workers saw nothing yet, Invalid with what is not there."""
    refs = kind.targets(fields, place.namespace)
    if not refs:
        return Seen([], None)
    found = LOOKS.get(refs[0].kind)
    if found is not None:
        return found(session, place, fields, refs)
    return _workloads(session, kind, fields, refs, place)


def _workloads(session: Session, kind: Kind[Any], fields: Fields, refs: Sequence[WorkloadRef], place: Place) -> Seen:
    view = namespace_seen(session, str(place.cluster), str(place.namespace), only=refs)
    _all_known(view, refs, kind.listed_in if isinstance(kind, WorkloadKind) else "workloads")
    found = routing.views_seen(session, view, refs)
    wants = [kind.wants(fields, seen) if isinstance(kind, WorkloadKind) else NOTHING for seen, _ in found]
    return Seen([Sight(*pair, want) for pair, want in zip(found, wants, strict=True)], view.seen_at)


def _all_known(view: NamespaceView, refs: Sequence[WorkloadRef], field: str) -> None:
    errors = {
        f"fields.{field}.{position}": [
            f"There is no {ref} in {view.namespace.name} on {view.namespace.cluster} "
            f"(as seen at {view.seen_at:%H:%M:%S} UTC)."
        ]
        for position, ref in enumerate(refs)
        if (ref.kind, ref.name) not in view.workloads
    }
    if errors:
        raise Invalid(errors)
