"""Adopting: what somebody wrote on a pod template becomes a ticket's own, as if a worker had written it. Pure.

Converge calls it before it folds, until the ticket's mark is on the object; from then on the ticket is like any other:
nothing is written for it but the mark, and its end takes out just what it took over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from portal.mesh.annotations import SETTINGS, SKIP_INBOUND, SKIP_OUTBOUND, effective, is_set
from portal.mesh.fold import Seen
from portal.mesh.memory import Memory, Write
from portal.mesh.ports import Ports
from portal.mesh.want import Want

LISTS = (SKIP_INBOUND, SKIP_OUTBOUND)


def present(want: Want, template: Mapping[str, str]) -> Want:
    """What of `want` stands on the template itself; a list that cannot be read holds nothing."""
    lists = [Want.of_ports(key, want.ports(key) & Ports.readable(template.get(key))) for key in LISTS]
    kept = frozenset(key for key in want.settings if is_set(key, template.get(key)))
    return Want.union([*lists, Want(settings=kept)])


def adopt(memory: Memory, seen: Seen, want: Want) -> Memory:
    """The memory as it would be had we written `want`, which the template shows; what of it is ours already stays so.

    Each write that may have landed is told the same: whichever did, these entries were there.
    """
    attempts = tuple(replace(one, write=_adopted(one.write, seen, want)) for one in memory.attempts)
    return replace(memory, settled=_adopted(memory.settled, seen, want), attempts=attempts)


def _adopted(write: Write, seen: Seen, want: Want) -> Write:
    fresh = want - write.added
    if not fresh:
        return write
    keys = [key for key in LISTS if fresh.ports(key)] + sorted(fresh.settings)
    baseline = {**write.baseline, **{key: _before(key, write.added | fresh, seen) for key in keys}}
    return replace(write, added=write.added | fresh, lost=write.lost - fresh, baseline=baseline)


def _before(key: str, ours: Want, seen: Seen) -> dict[str, Any]:
    """The baseline of a key as it is without what is ours: absent where that is what pods then get anyway."""
    around = effective(key, {}, seen.namespace, seen.defaults)
    without = {"present": False, "value": "", "effective": around.value, "source": around.source.value}
    text = seen.template.get(key)
    if key in SETTINGS:
        # `1` is not how we would have written it, and is taken out all the same.
        return {**without, "adopted": text}
    owners = Ports.readable(text) - ours.ports(key)
    if owners == Ports.readable(around.value):
        return without
    return {**without, "present": True, "value": str(owners), "effective": str(owners), "source": "pod template"}
