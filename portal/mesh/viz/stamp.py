"""What the Viz namespace says of its window in the cluster itself, for `meshdesk viz reap` and for people."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.mesh.objects import EXPIRES_AT, NONCE, TICKET
from portal.mesh.viz.names import Object, annotations_of


@dataclass(frozen=True)
class Window:
    """Whose Viz it is and until when: live tickets (`MD-142`), the end of the last of them, and our nonce."""

    tickets: tuple[str, ...]
    expires_at: datetime
    nonce: str | None = None


def with_window(namespace: Mapping[str, Any], *, tickets: Sequence[str], expires_at: datetime) -> Object:
    """A copy of the Namespace that names its live tickets and the end of the last; `stamp.stamped` adds the nonce."""
    made = copy.deepcopy(dict(namespace))
    made["metadata"]["annotations"] = {**annotations_of(namespace), **_annotations(tickets, expires_at)}
    return made


def window_patch(live: Mapping[str, Any], *, tickets: Sequence[str], expires_at: datetime) -> Object | None:
    """The merge patch, with resourceVersion, that brings a live Namespace to this window; None where it says so."""
    wanted, there = _annotations(tickets, expires_at), annotations_of(live)
    if all(there.get(key) == value for key, value in wanted.items()):
        return None
    version = live["metadata"].get("resourceVersion")
    return {"metadata": {"annotations": wanted, **({"resourceVersion": version} if version else {})}}


def window_of(namespace: Mapping[str, Any]) -> Window | None:
    """What a Namespace says of its window; None where it says nothing, or nothing that can be read."""
    found = annotations_of(namespace)
    try:
        ends = datetime.fromisoformat(found[EXPIRES_AT])
    except (KeyError, ValueError):
        return None
    if ends.tzinfo is None:
        return None
    tickets = tuple(one.strip() for one in found.get(TICKET, "").split(",") if one.strip())
    return Window(tickets, ends.astimezone(UTC), found.get(NONCE))


def _annotations(tickets: Sequence[str], expires_at: datetime) -> dict[str, str]:
    ends = expires_at.astimezone(UTC).replace(microsecond=0)
    return {EXPIRES_AT: ends.isoformat().replace("+00:00", "Z"), TICKET: ",".join(tickets)}
