"""Baseline plus live tickets, folded over what the cluster shows: the one place that decides what a write changes.

`converge` calls it between reading an object and patching it; preview and preflight call it to show the diff.

Commit `Fold.memory` and `Fold.suspend` together, with `sequence` compare-and-set, before the PATCH and also when there
is nothing to write. After the PATCH, `confirm` the memory and fold again until nothing is to be written: an entry that
somebody took out together with the mark is told only by the fold after the write that proved the object was current.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from portal.mesh.annotations import KEYS, MeshDefaults, effective
from portal.mesh.memory import Baseline, Memory, Write, confirm, intend, landed, mark_text, parse_mark, past_write
from portal.mesh.one_key import KeyFold, KeySeen, Parts, Unreadable, fold_key
from portal.mesh.want import NOTHING, Want

__all__ = ["Claim", "Fold", "Memory", "Seen", "Unreadable", "Want", "confirm", "fold", "mark_text", "parse_mark"]

# A mark whose number is far ahead of ours is not ours, and must not drag our numbers along.
_FAR = 10_000


@dataclass(frozen=True)
class Claim:
    """One live ticket on the target: what it wants, and what of it somebody took out again."""

    ticket: str
    want: Want
    suspended: Want = NOTHING

    @property
    def open(self) -> Want:
        """What is to be there."""
        return self.want - self.suspended


@dataclass(frozen=True)
class Seen:
    """What the cluster showed: annotations of the pod template and of the namespace, the mesh's defaults, our mark."""

    template: Mapping[str, str]
    namespace: Mapping[str, str]
    defaults: MeshDefaults
    mark: str | None


@dataclass(frozen=True)
class Fold:
    """What to write (template keys, None removes; the mark, None removes) and what to remember.

    `suspend` gives, by ticket, entries of ours that somebody took out. `landed`: the mark shows our last write.
    """

    changes: dict[str, str | None]
    memory: Memory
    mark: str | None
    suspend: dict[str, Want]
    write: bool
    landed: bool


@dataclass(frozen=True)
class _Ours:
    """What of the template may be ours, and what surely was; `sure` when the mark tells which write we look at.

    `baseline` is what each key was before us, as far as the view tells.
    """

    possible: Want
    certain: Want
    sure: bool
    memory: Memory
    baseline: Baseline


def fold(memory: Memory, seen: Seen, claims: Sequence[Claim], *, fence: bool = False, mark_first: bool = False) -> Fold:
    """Work out the write that makes the target right; raises Unreadable when a present value cannot be parsed.

    A fence forces a write that makes every earlier reader's resourceVersion stale. With `mark_first`, a target whose
    mark does not tell which write it shows is given a mark and nothing else: so an owner's entry that comes between a
    commit and a PATCH is never taken for ours. Writers ask for it; whoever shows a diff does not.
    """
    ours = _ours(memory, seen)
    keys = _fold_keys(ours, seen, claims)
    if mark_first and claims and not ours.sure:
        keys = {key: replace(one, text=seen.template.get(key), added=one.kept) for key, one in keys.items()}
    kept = _settled(ours, keys, claims)
    changes = {key: result.text for key, result in keys.items() if result.text != seen.template.get(key)}
    outcome = Fold(
        changes=changes,
        memory=kept,
        mark=seen.mark,
        suspend=_suspended(ours, keys, claims),
        write=bool(changes) or fence or _mark_is_stale(ours, seen, claims),
        landed=_is_landed(memory, seen),
    )
    if not outcome.write:
        return outcome
    sequence = _next_sequence(memory, seen)
    intended = intend(kept, _write(ours, keys), sequence)
    # What changes something leaves a mark, without tickets too, by which it is known to have landed; the next fold
    # finds nothing but that to take away.
    only_mark = not (changes or fence or claims)
    mark = None if only_mark else mark_text([claim.ticket for claim in claims], sequence)
    return replace(outcome, memory=intended, mark=mark)


def _ours(memory: Memory, seen: Seen) -> _Ours:
    mark = parse_mark(seen.mark)
    known = landed(memory, mark[1] if mark else None)
    if known is not None:
        return _Ours(known.written, known.written, sure=True, memory=known, baseline=known.settled.baseline)
    # No mark: the view may be older than the last write, or somebody took the mark away. Every write stays possible.
    worlds = [memory.written, *(attempt.write.added for attempt in memory.attempts)]
    # The mark of a write that is over: the object came back from a backup, with what was ours in it then.
    over = past_write(memory, mark[1] if mark else None)
    possible = Want.union([*worlds, over.added])
    baseline = {**memory.baseline, **over.baseline}
    return _Ours(possible, reduce(Want.__and__, worlds), sure=False, memory=memory, baseline=baseline)


def _fold_keys(ours: _Ours, seen: Seen, claims: Sequence[Claim]) -> dict[str, KeyFold]:
    told = ours.memory.settled.lost
    parts = Parts(ours.possible, ours.certain, Want.union(claim.open - told for claim in claims))
    return {key: fold_key(_key_seen(key, ours, seen), parts) for key in KEYS}


def _key_seen(key: str, ours: _Ours, seen: Seen) -> KeySeen:
    return KeySeen(
        key=key,
        text=seen.template.get(key),
        now=effective(key, seen.template, seen.namespace, seen.defaults),
        around=effective(key, {}, seen.namespace, seen.defaults),
        before=ours.baseline.get(key),
    )


def _gone(keys: Mapping[str, KeyFold]) -> Want:
    return Want.union(result.gone for result in keys.values())


def _baseline(keys: Mapping[str, KeyFold]) -> Baseline:
    return {key: result.before for key, result in keys.items()}


def _suspended(ours: _Ours, keys: Mapping[str, KeyFold], claims: Sequence[Claim]) -> dict[str, Want]:
    told = ours.memory.settled.lost | (_gone(keys) if ours.sure else NOTHING)
    return {claim.ticket: claim.open & told for claim in claims if claim.open & told}


def _settled(ours: _Ours, keys: Mapping[str, KeyFold], claims: Sequence[Claim]) -> Memory:
    """The memory without what was just told; what the view shows is believed only where it is surely not stale."""
    if not ours.sure:
        return replace(ours.memory, settled=replace(ours.memory.settled, lost=NOTHING))
    added = Want.union(result.kept for result in keys.values())
    return replace(ours.memory, settled=Write(added, NOTHING, _baseline(keys) if added or claims else {}))


def _write(ours: _Ours, keys: Mapping[str, KeyFold]) -> Write:
    added = Want.union(result.added for result in keys.values())
    return Write(added, NOTHING if ours.sure else _gone(keys), _baseline(keys))


def _mark_is_stale(ours: _Ours, seen: Seen, claims: Sequence[Claim]) -> bool:
    mark = parse_mark(seen.mark)
    if not claims:
        return seen.mark is not None
    return mark is None or not ours.sure or set(mark[0]) != {claim.ticket for claim in claims}


def _is_landed(memory: Memory, seen: Seen) -> bool:
    mark = parse_mark(seen.mark)
    return mark is not None and mark[1] == memory.sequence


def _next_sequence(memory: Memory, seen: Seen) -> int:
    # An object made anew from an export carries an old mark: a number of ours must not meet it again.
    mark = parse_mark(seen.mark)
    ahead = mark[1] if mark is not None and mark[1] <= memory.sequence + _FAR else 0
    return max(memory.sequence, ahead) + 1
