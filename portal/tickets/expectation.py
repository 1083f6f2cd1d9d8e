"""What a ticket would change on a workload: the fold of what is known, as preview and preflight show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal import queries
from portal.mesh.annotations import MARK, MeshDefaults
from portal.mesh.diff import template_diff
from portal.mesh.fold import Claim, Memory, Seen, Want, fold
from portal.mesh.workloads import template_annotations
from portal.models import Target


@dataclass(frozen=True)
class Surroundings:
    """The namespace and the mesh around a workload: raw namespace object, defaults, injector webhook."""

    namespace: dict[str, Any]
    defaults: MeshDefaults
    webhook: dict[str, Any] | None = None


def seen_of(obj: Mapping[str, Any], around: Surroundings) -> Seen:
    """What the fold needs of a raw workload object."""
    return Seen(
        template=template_annotations(dict(obj)),
        namespace=around.namespace.get("metadata", {}).get("annotations") or {},
        defaults=around.defaults,
        mark=(obj["metadata"].get("annotations") or {}).get(MARK),
    )


def claims_on(session: Session, target: Target | None) -> list[Claim]:
    """The live tickets on a target as the fold takes them, without those that only give a manifest for it."""
    if target is None:
        return []
    return [
        Claim(link.ticket.ref, Want.from_json(link.wanted), Want.from_json(link.suspended))
        for link in queries.live_links(session, target.id)
        if Want.from_json(link.wanted)
    ]


def memory_of(target: Target | None, obj: Mapping[str, Any]) -> Memory:
    """What is remembered of this very object; another uid without our mark starts anew."""
    if target is None or not target.memory:
        return Memory()
    same = target.uid == obj["metadata"].get("uid") or MARK in (obj["metadata"].get("annotations") or {})
    memory = Memory.from_json(target.memory)
    return memory if same else Memory(sequence=memory.sequence, past=memory.past)


def expected_change(
    session: Session, target: Target | None, obj: Mapping[str, Any], around: Surroundings, claim: Claim
) -> dict[str, Any]:
    """The pod template's annotations before and after this ticket joins: {before, after, unified}.

    Raises portal.mesh.fold.Unreadable when a present value cannot be parsed.
    """
    seen = seen_of(obj, around)
    others = [other for other in claims_on(session, target) if other.ticket != claim.ticket]
    changes = fold(memory_of(target, obj), seen, [*others, claim]).changes
    after = {**seen.template, **changes}
    return template_diff(dict(seen.template), {key: value for key, value in after.items() if value is not None})
