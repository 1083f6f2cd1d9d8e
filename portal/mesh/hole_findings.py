"""Holes with what live tickets explain of them and who made them, ready to be kept; workers ask. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from portal.mesh.annotations import MeshDefaults
from portal.mesh.holes import LEFTOVERS, Code
from portal.mesh.holes_explained import Explained, explained
from portal.mesh.holes_of_template import makers_of
from portal.mesh.holes_of_workload import Seen, detail_of, values_of
from portal.mesh.makers import OURS, Maker
from portal.mesh.want import Want
from portal.mesh.weakness import Weakness

NAMESPACE = "namespace"
NAMED = 10
Granted = Mapping[int, Want]


@dataclass(frozen=True)
class Found:
    """One hole of a workload (`deployment`, `emoji`) or of the namespace itself."""

    kind: str
    name: str
    code: Code
    detail: Mapping[str, Any]
    maker: Maker | None
    tickets: tuple[int, ...]
    explained: bool


def found_of(kind: str, name: str, seen: Seen, granted: Granted) -> Iterator[Found]:
    """The holes of a workload's own."""
    for code, weaknesses in seen.own.items():
        said = explained(code, weaknesses, granted)
        maker = _latest(seen.sight.makers if seen.sight else {}, weaknesses)
        detail = {**detail_of(code, weaknesses, seen), **({"left": said.left} if said.left else {})}
        yield Found(kind, name, code, _ours(detail, code, maker, said), maker, said.tickets, said.whole)


def _latest(makers: Mapping[Weakness, Maker], weaknesses: Collection[Weakness]) -> Maker | None:
    known = [makers[one] for one in weaknesses if one in makers]
    return max(known, key=lambda one: one.at.timestamp() if one.at else 0.0, default=None)


def _ours(detail: dict[str, Any], code: Code, maker: Maker | None, said: Explained) -> dict[str, Any]:
    nobody = maker is not None and maker.manager == OURS and not said.tickets and code not in LEFTOVERS
    return {**detail, "ours": True} if nobody else detail


def with_expected(found: Found, defaults: MeshDefaults) -> Found:
    """The same, with what the control plane has where the hole is told beside it."""
    expected = {Code.OLD_PROXY: defaults.version, Code.WEAKER_POLICY: defaults.default_inbound_policy}.get(found.code)
    return replace(found, detail={**found.detail, "expected": expected}) if expected else found


@dataclass
class _Shared:
    weaknesses: set[Weakness] = field(default_factory=set)
    workloads: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    tickets: set[int] = field(default_factory=set)


class ByNamespace:
    """What the workloads of a namespace take from it, gathered so that it is told once."""

    def __init__(self) -> None:
        self._shared: dict[Code, _Shared] = {}

    def add(self, kind: str, name: str, seen: Seen, granted: Granted) -> None:
        """Take a workload in."""
        for code, weaknesses in seen.by_namespace.items():
            said, shared = explained(code, weaknesses, granted), self._shared.setdefault(code, _Shared())
            shared.weaknesses.update(weaknesses)
            shared.workloads.append(f"{kind}/{name}")
            shared.tickets.update(said.tickets)
            if not said.whole:
                shared.open.append(f"{kind}/{name}")

    def found(self, namespace: Mapping[str, Any]) -> Iterator[Found]:
        """The holes of the namespace, each with the first of its workloads that no ticket explains."""
        name = namespace["metadata"]["name"]
        for code, shared in self._shared.items():
            maker = _latest(makers_of(namespace, NAMESPACE, shared.weaknesses), shared.weaknesses)
            tickets = tuple(sorted(shared.tickets))
            yield Found(NAMESPACE, name, code, _detail(code, shared), maker, tickets, not shared.open)


def _detail(code: Code, shared: _Shared) -> dict[str, Any]:
    named = sorted(shared.open or shared.workloads)[:NAMED]
    counts = {"workloads": len(shared.workloads), "named": named, "open": len(shared.open)}
    return {**values_of(code, shared.weaknesses), **counts}
