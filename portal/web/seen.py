"""What workers saw of a ticket's targets before it, while it was open and after it, side by side. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.mesh.comparison import differences
from portal.models import Evidence

PHASES = {"before": "before", "applied": "with it", "undone": "after it"}
MOST_ROWS = 200
LONGEST_TEXT = 12_000
MOST_TEXT = 40_000


@dataclass(frozen=True)
class Pods:
    """Pods of one workload that look alike, in one phase; `changed` names what differs from before."""

    phase: str
    ready: int
    count: int
    meshed: bool
    containers: str
    inbound: str
    outbound: str
    changed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Compared:
    """The pods in one phase beside those before: what differs, a clause each; none says that they are as they were."""

    phase: str
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Injection:
    """What Linkerd's injector told of the pods up to one phase, newest first, or why nobody could read it."""

    phase: str
    events: tuple[Mapping[str, Any], ...]
    problem: str


@dataclass(frozen=True)
class Seen:
    """One target: its pods by phase or, where objects are created, whether each is there."""

    target: str
    pods: tuple[Pods, ...]
    objects: tuple[tuple[str, str, bool], ...]
    compared: tuple[Compared, ...] = ()
    injections: tuple[Injection, ...] = ()


def seen(evidence: Sequence[Evidence]) -> list[Seen]:
    """Each target that the evidence has pods or objects of, with the newest of each phase."""
    phases = {name: _targets(evidence, name) for name in PHASES}
    names = dict.fromkeys(name for targets in phases.values() for name in targets)
    found = (_one(name, {phase: targets.get(name, {}) for phase, targets in phases.items()}) for name in names)
    return [one for one in found if one.pods or one.objects][:MOST_ROWS]


def _targets(evidence: Sequence[Evidence], kind: str) -> dict[str, Mapping[str, Any]]:
    newest = next((one for one in reversed(evidence) if one.kind == kind), None)
    return {} if newest is None else {one["workload"]: one for one in newest.data.get("targets", [])}


def _one(name: str, phases: Mapping[str, Mapping[str, Any]]) -> Seen:
    rows, before = [], None
    for phase, target in phases.items():
        groups = _alike(target.get("pods", []))
        rows += [_pods(PHASES[phase], facts, ready, before) for facts, ready in groups]
        before = groups[0][0] if phase == "before" and groups else before
    objects = [(PHASES[phase], *one) for phase, target in phases.items() for one in _objects(target)]
    told = (tuple(_compared(phases)), tuple(_injections(phases)))
    return Seen(name, tuple(rows), tuple(objects[:MOST_ROWS]), *told)


def _compared(phases: Mapping[str, Mapping[str, Any]]) -> Iterator[Compared]:
    before = phases["before"].get("pods", [])
    for phase in ("applied", "undone"):
        found = differences(before, phases[phase].get("pods", []))
        if found is not None:
            yield Compared(PHASES[phase], tuple(found))


def _injections(phases: Mapping[str, Mapping[str, Any]]) -> Iterator[Injection]:
    for phase in ("applied", "undone"):
        said = phases[phase].get("injector") or {}
        if said.get("events") or said.get("problem"):
            yield Injection(PHASES[phase], tuple(map(_dated, said["events"])), said.get("problem") or "")


def _dated(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**event, "last_at": datetime.fromisoformat(event["last_at"])}


Facts = tuple[bool, str, str, str]
_COLUMNS = ("meshed", "containers", "inbound", "outbound")


def _alike(pods: Sequence[Mapping[str, Any]]) -> list[tuple[Facts, list[bool]]]:
    groups: dict[Facts, list[bool]] = {}
    for pod in pods:
        if not pod["finished"]:
            facts = (pod["meshed"], ", ".join(pod["containers"]), _skips(pod, "inbound"), _skips(pod, "outbound"))
            groups.setdefault(facts, []).append(pod["ready"])
    return list(groups.items())


def _skips(pod: Mapping[str, Any], direction: str) -> str:
    # Nothing tells it of a pod without the proxy: all of its ports pass the mesh by.
    found = pod[f"skip_{direction}"]
    return ("all" if not pod["meshed"] else "not told") if found is None else str(found) or "none"


def _pods(phase: str, facts: Facts, ready: list[bool], before: Facts | None) -> Pods:
    changed = [] if before is None else [_COLUMNS[i] for i, fact in enumerate(facts) if fact != before[i]]
    meshed, containers, inbound, outbound = facts
    return Pods(phase, sum(ready), len(ready), meshed, containers, inbound, outbound, frozenset(changed))


def _objects(target: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for one in target.get("objects", []):
        # Of an ended ticket it says when each was read to be gone.
        yield str(one.get("object", "")), bool(one.get("there", not one.get("gone_at")))


def raw(evidence: Sequence[Evidence]) -> list[tuple[Evidence, str]]:
    """Each piece of evidence as JSON; empty where it is too long for a page, newest first served."""
    left, found = MOST_TEXT, []
    for one in reversed(evidence):
        text = json.dumps(one.data, indent=1, ensure_ascii=False)
        fits = len(text) <= min(LONGEST_TEXT, left)
        left -= len(text) if fits else 0
        found.append((one, text if fits else ""))
    return found[::-1]
