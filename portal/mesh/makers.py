"""Who last wrote a field of an object, by its managedFields: posture says so of each hole. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.mesh.leftovers import instant
from portal.mesh.workloads import template_path

OURS = "meshdesk"
Path = tuple[str, ...]


@dataclass(frozen=True)
class Maker:
    """A field manager, what it did (`Apply`, `Update`) and when it last did it."""

    manager: str
    operation: str
    at: datetime | None

    @property
    def words(self) -> str:
        """`kubectl-client-side-apply (Update)`."""
        return f"{self.manager} ({self.operation})" if self.operation else self.manager


def pod_prefix(kind: str) -> Path:
    """Where a workload of this kind (`deployment`) keeps its pod template, in the steps of managedFields; () for a
    bare pod and for a Namespace, which are what their fields are of."""
    if kind in ("pod", "namespace"):
        return ()
    return tuple(f"f:{step}" for step in template_path(kind)[:-2])


def maker_of(obj: Mapping[str, Any], paths: Iterable[Path]) -> Maker | None:
    """Who last wrote any of these fields; None where nobody owns them."""
    found = [one for path in paths for one in _owners(obj, path)]
    return max(found, key=lambda one: one.at.timestamp() if one.at else 0.0, default=None)


def _owners(obj: Mapping[str, Any], path: Path) -> Iterator[Maker]:
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        if _owns(entry.get("fieldsV1"), path):
            manager = str(entry.get("manager") or "unknown")
            yield Maker(manager, str(entry.get("operation") or ""), instant(entry.get("time")))


def _owns(fields: Any, path: Path) -> bool:
    for step in path:
        # What has nothing below it is owned as a whole: a list without keys, a map that is replaced at once.
        if fields == {}:
            return True
        fields = fields.get(step) if isinstance(fields, Mapping) else None
    return fields is not None
