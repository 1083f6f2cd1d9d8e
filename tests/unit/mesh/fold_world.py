"""A tiny cluster and database around the fold: an object with a resourceVersion, a remembered row, workers that crash.

It keeps its own books of what is ours (from the values before and after each PATCH that landed), so that the laws are
not judged by the code under test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from portal.mesh.annotations import (
    ADMIN_SHUTDOWN,
    DEBUG_SIDECAR,
    INJECT,
    NATIVE_SIDECAR,
    SKIP_INBOUND,
    SKIP_OUTBOUND,
    MeshDefaults,
)
from portal.mesh.fold import Claim, Fold, Memory, Seen, Want, confirm, fold, parse_mark
from portal.mesh.memory import landed

LISTS = (SKIP_INBOUND, SKIP_OUTBOUND)
# What a ticket sets each key to, and how an owner may write the same.
SETS = {INJECT: "disabled", DEBUG_SIDECAR: "true", NATIVE_SIDECAR: "true", ADMIN_SHUTDOWN: "enabled"}
SAME = {INJECT: (), DEBUG_SIDECAR: ("1", "T"), NATIVE_SIDECAR: ("1", "T"), ADMIN_SHUTDOWN: ()}
DEFAULTS = MeshDefaults(version="edge-26.6.3")


def numbers(text: str) -> set[int]:
    """The ports of a list, by a reader of the tests' own."""
    found: set[int] = set()
    for entry in filter(None, text.replace(" ", "").split(",")):
        first, _, last = entry.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def inherited(namespace: Mapping[str, str], key: str) -> str:
    """The list that a template without the key gets."""
    return namespace.get(key, DEFAULTS.skip(key))


@dataclass(frozen=True)
class View:
    """What a worker read of the object."""

    version: int
    seen: Seen


@dataclass
class World:
    """One workload, its namespace, the row that remembers it, and the live tickets."""

    template: dict[str, str]
    namespace: dict[str, str] = field(default_factory=dict)
    mark: str | None = None
    version: int = 1
    row: str = "{}"
    claims: dict[str, Claim] = field(default_factory=dict)
    mark_first: bool = True
    ours: dict[str, set[int]] = field(default_factory=lambda: {key: set() for key in LISTS})
    ours_set: set[str] = field(default_factory=set)
    copied: dict[str, set[int]] = field(default_factory=dict)
    taken_out: dict[str, set[int]] = field(default_factory=lambda: {key: set() for key in LISTS})
    taken_set: set[str] = field(default_factory=set)
    writes: int = 0

    @property
    def memory(self) -> Memory:
        return Memory.from_json(json.loads(self.row))

    def remember(self, memory: Memory) -> None:
        self.row = json.dumps(memory.to_json())
        assert self.memory == memory, "a memory must come back from JSON as it was"

    def read(self) -> View:
        return View(self.version, Seen(dict(self.template), dict(self.namespace), DEFAULTS, self.mark))

    def effective(self, key: str) -> set[int]:
        return numbers(self.template.get(key, inherited(self.namespace, key)))

    def intend(self, view: View, *, fence: bool) -> Fold:
        """Fold and commit, as one transaction."""
        claims = list(self.claims.values())
        plan = fold(self.memory, view.seen, claims, fence=fence, mark_first=self.mark_first)
        assert plan.write == (plan.memory.sequence > self.memory.sequence), "numbered if and only if written"
        for ticket, removed in plan.suspend.items():
            self._suspend(ticket, removed)
        self.remember(plan.memory)
        return plan

    def _suspend(self, ticket: str, removed: Want) -> None:
        claim = self.claims[ticket]
        for key in LISTS:
            assert numbers(str(removed.ports(key))) <= self.taken_out[key], "only what somebody took out is suspended"
        assert removed.settings <= self.taken_set, "only what somebody took out is suspended"
        assert not removed - claim.open, "only what is open is suspended"
        self.claims[ticket] = Claim(ticket, claim.want, claim.suspended | removed)

    def patch(self, view: View, plan: Fold) -> bool:
        """Write under the optimistic lock; False is a conflict."""
        if view.version != self.version:
            return False
        # The lock holds the workload, not its namespace: what was inherited is what was read.
        before = {
            key: numbers(self.template.get(key, inherited(view.seen.namespace, key)))
            for key in plan.changes
            if key in LISTS
        }
        absent = {key for key in LISTS if key not in self.template}
        texts = dict(self.template)
        for key, text in plan.changes.items():
            assert self.template.get(key) != text, "a change changes something"
            self._put(key, text)
        assert plan.changes or plan.mark != self.mark, "a write differs from what is there"
        self.mark = plan.mark
        self.version += 1
        self.writes += 1
        for key in set(LISTS) & set(plan.changes):
            after = numbers(self.template.get(key, inherited(view.seen.namespace, key)))
            self._book(key, before[key], after, was_absent=key in absent)
        for key in SETS:
            self._book_setting(key, texts.get(key), self.template.get(key))
        return True

    def _put(self, key: str, text: str | None) -> None:
        if text is None:
            del self.template[key]
        else:
            self.template[key] = text

    def _book(self, key: str, before: set[int], after: set[int], *, was_absent: bool) -> None:
        ours = self.ours[key]
        if was_absent and key in self.template:
            self.copied[key] = before
        if not was_absent and key not in self.template:
            assert before - ours in (after, self.copied.get(key)), "a key goes only when nothing of an owner's goes"
        else:
            assert before - after <= ours, f"an owner's entries were taken out: {before - after - ours}"
        self.ours[key] = ((ours & after) | (after - before)) if key in self.template else set()

    def _book_setting(self, key: str, before: str | None, after: str | None) -> None:
        assert before == after or before not in SAME[key], "an owner's own spelling was written over"
        if before == SETS[key] != after:
            assert key in self.ours_set, "an owner's own value was taken out"
        if after != SETS[key]:
            self.ours_set.discard(key)
        elif before != SETS[key]:
            self.ours_set.add(key)

    def is_on(self, key: str) -> bool:
        """Whether the key means what tickets want; where the proxy is, and whether at all, only the template counts."""
        inherited_text = self.namespace.get(key) if key in (DEBUG_SIDECAR, ADMIN_SHUTDOWN) else None
        return self.template.get(key, inherited_text) in (SETS[key], *SAME[key])

    def converge(self, *, fence: bool = False) -> Iterator[str]:
        """A worker, pausing wherever it may be stopped, overtaken or killed."""
        for _ in range(10):
            view = self.read()
            yield "has read the object"
            plan = self.intend(view, fence=fence)
            if not plan.write:
                return
            yield "has committed what it intends"
            if not self.patch(view, plan):
                continue
            yield "has written"
            memory = self.memory
            if memory.sequence == plan.memory.sequence:
                self.remember(confirm(memory))
            fence = False

    def settle(self, *, fence: bool = False) -> None:
        """A worker that nobody disturbs; then the fold has nothing left to say."""
        for _ in self.converge(fence=fence):
            pass
        again = fold(self.memory, self.read().seen, list(self.claims.values()), mark_first=self.mark_first)
        assert (again.write, again.changes, again.suspend) == (False, {}, {})
        assert again.memory == self.memory

    def edit(self, key: str, text: str | None) -> None:
        """An owner's change of one key."""
        before = numbers(self.template[key]) if key in LISTS and key in self.template else set()
        if text is None:
            self.template.pop(key, None)
        else:
            self.template[key] = text
        self.version += 1
        if key in LISTS:
            gone = before - numbers(text or "")
            self.taken_out[key] |= gone & self.ours[key]
            self.ours[key] -= gone
        elif key in self.ours_set and text != SETS[key]:
            self.taken_set.add(key)
            self.ours_set.discard(key)

    def strip_mark(self) -> None:
        self.mark = None
        self.version += 1

    def set_namespace(self, key: str, text: str | None) -> None:
        self.namespace.pop(key, None)
        if text is not None:
            self.namespace[key] = text

    def possible(self) -> Want:
        memory = self.memory
        return Want.union([memory.written, *(attempt.write.added for attempt in memory.attempts)])

    def is_sure(self) -> bool:
        mark = parse_mark(self.mark)
        return mark is not None and landed(self.memory, mark[1]) is not None

    def assert_wants_are_there(self) -> None:
        for claim in self.claims.values():
            for key in LISTS:
                assert numbers(str(claim.open.ports(key))) <= self.effective(key)
            assert all(self.is_on(key) for key in claim.open.settings)

    def assert_nothing_of_ours(self) -> None:
        assert self.ours == {key: set() for key in LISTS}
        assert not self.ours_set
        assert self.mark is None
        assert not self.possible()
