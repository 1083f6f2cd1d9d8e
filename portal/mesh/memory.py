"""What the database remembers of a target between folds, and the mark that ties it to what the cluster shows.

A write is committed here before it is sent, so after a crash nobody knows whether it landed. The mark on the object
carries the number of the write that made it, which tells; where the mark was taken away, both stay possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from portal.mesh.want import NOTHING, Want

Baseline = Mapping[str, Mapping[str, Any]]
PAST_KEPT = 20
_MARK = re.compile(r"((?:MD-[0-9]{1,18}(?:,MD-[0-9]{1,18})*)?);([1-9][0-9]{0,8})")


@dataclass(frozen=True)
class Write:
    """What one write leaves behind: the entries of ours that are then in the template, and what each key was before us.

    `baseline` is {key: {present, value, effective, source}}. `lost` are entries of ours that somebody had taken out
    before this write: they are suspended once it is sure that the write landed on the object that was read.
    """

    added: Want = NOTHING
    lost: Want = NOTHING
    baseline: Baseline = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        baseline = {key: dict(before) for key, before in self.baseline.items()}
        return {"added": self.added.to_json(), "lost": self.lost.to_json(), "baseline": baseline}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Write:
        """What `to_json` gave."""
        added, lost = Want.from_json(data.get("added", {})), Want.from_json(data.get("lost", {}))
        return cls(added, lost, data.get("baseline", {}))


@dataclass(frozen=True)
class Attempt:
    """A write that may have landed or not; `first` to `last` are the numbers under which the same was tried."""

    first: int
    last: int
    write: Write


@dataclass(frozen=True)
class Memory:
    """Of one target: the last write known to have landed (`settled`, number `confirmed`), and those not known.

    `sequence` is the number of the last write that was committed. `past` are the last writes that are over: an object
    that comes back from a backup shows the mark of one of them, which tells what of it is ours.
    """

    settled: Write = Write()
    attempts: tuple[Attempt, ...] = ()
    confirmed: int = 0
    sequence: int = 0
    past: tuple[Attempt, ...] = ()

    @property
    def written(self) -> Want:
        """What we are known to have added."""
        return self.settled.added

    @property
    def intended(self) -> Want:
        """What the last committed write adds; it may or may not have landed."""
        return self._newest.added

    @property
    def baseline(self) -> Baseline:
        """What each key was before the first live ticket touched it."""
        return self._newest.baseline

    @property
    def _newest(self) -> Write:
        return self.attempts[-1].write if self.attempts else self.settled

    def to_json(self) -> dict[str, Any]:
        """A JSON-safe dict that `from_json` reads back without loss."""
        return {
            "settled": self.settled.to_json(),
            "attempts": _attempts_json(self.attempts),
            "confirmed": self.confirmed,
            "sequence": self.sequence,
            "past": _attempts_json(self.past),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Memory:
        """What `to_json` gave; {} is a target that was never touched."""
        return cls(
            settled=Write.from_json(data.get("settled", {})),
            attempts=_attempts(data.get("attempts", [])),
            confirmed=data.get("confirmed", 0),
            sequence=data.get("sequence", 0),
            past=_attempts(data.get("past", [])),
        )


def _attempts_json(attempts: Iterable[Attempt]) -> list[dict[str, Any]]:
    return [{"first": a.first, "last": a.last, "write": a.write.to_json()} for a in attempts]


def _attempts(data: Iterable[Mapping[str, Any]]) -> tuple[Attempt, ...]:
    return tuple(Attempt(a["first"], a["last"], Write.from_json(a["write"])) for a in data)


def intend(memory: Memory, write: Write, sequence: int) -> Memory:
    """The memory to commit before a write numbered `sequence` is sent."""
    attempts = memory.attempts
    if attempts and attempts[-1].write == write and attempts[-1].last == sequence - 1:
        # The same tried again and again (a cluster that refuses) must not make the row grow.
        again = replace(attempts[-1], last=sequence)
        return replace(memory, attempts=(*attempts[:-1], again), sequence=sequence)
    return replace(memory, attempts=(*attempts, Attempt(sequence, sequence, write)), sequence=sequence)


def confirm(memory: Memory) -> Memory:
    """The memory after the PATCH of its last intended write succeeded: every other attempt is refused from now on."""
    if not memory.attempts:
        return memory
    return Memory(
        settled=memory.attempts[-1].write,
        confirmed=memory.sequence,
        sequence=memory.sequence,
        past=_over(memory, memory.attempts),
    )


def _over(memory: Memory, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    return (*memory.past, *(attempt for attempt in attempts if attempt.write.added))[-PAST_KEPT:]


def past_write(memory: Memory, sequence: int | None) -> Write:
    """What the write of that number, which later ones replaced, left behind; an empty Write when it is not known."""
    found = [a.write for a in memory.past if sequence is not None and a.first <= sequence <= a.last]
    return found[-1] if found else Write()


def landed(memory: Memory, sequence: int | None) -> Memory | None:
    """The memory when the object shows the mark of write `sequence`; None when that tells nothing."""
    if sequence is not None and sequence == memory.confirmed:
        return memory
    for position, attempt in enumerate(memory.attempts):
        if sequence is not None and attempt.first <= sequence <= attempt.last:
            later = memory.attempts[position + 1 :]
            if sequence < attempt.last:
                later = (replace(attempt, first=sequence + 1), *later)
            past = _over(memory, memory.attempts[: position + 1])
            return Memory(attempt.write, later, confirmed=sequence, sequence=memory.sequence, past=past)
    return None


def mark_text(tickets: Iterable[str], sequence: int) -> str:
    """The mark of live tickets and the write's number: `MD-1,MD-2;7`; without tickets (a fence) `;7`."""
    return f"{','.join(sorted(tickets, key=_number))};{sequence}"


def parse_mark(text: str | None) -> tuple[tuple[str, ...], int] | None:
    """The tickets and the number of a mark; None when there is none or it is not one of ours."""
    found = _MARK.fullmatch(text or "")
    return None if found is None else (tuple(filter(None, found[1].split(","))), int(found[2]))


def _number(ticket: str) -> tuple[int, str]:
    digits = ticket.rpartition("-")[2]
    return (int(digits) if digits.isdecimal() else 0, ticket)
