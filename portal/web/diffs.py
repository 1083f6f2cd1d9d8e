"""The change of a ticket as its page shows it: diffs of the newest evidence, each once, long ones folded. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.models import Evidence
from portal.wording import diffs_in

FOLDED_FROM = 30
MOST_LINES = 400
CLASSES = {"+": "added", "-": "taken"}


@dataclass(frozen=True)
class Diff:
    """One diff and the targets that it is of; `left_out` is how many lines are not shown."""

    targets: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    left_out: int

    @property
    def folded(self) -> bool:
        """True where it is too long to stand open."""
        return len(self.lines) > FOLDED_FROM


@dataclass(frozen=True)
class Change:
    """What changes, as the evidence of one kind (`preflight`, `applied`, `undone`) says it."""

    evidence: Evidence
    diffs: tuple[Diff, ...]


def changes(evidence: Sequence[Evidence]) -> Change | None:
    """The newest change that there is evidence of; None where there is none yet."""
    for one in reversed(evidence):
        found = diffs_in(one.data)
        if found:
            return Change(one, tuple(_together(found)))
    return None


def _together(found: Sequence[tuple[str, str]]) -> list[Diff]:
    targets: dict[str, list[str]] = {}
    for where, text in found:
        targets.setdefault(text, []).append(where)
    left, diffs = MOST_LINES, []
    for text, names in targets.items():
        whole = lines(text)
        shown = whole[: max(left, 0)]
        left -= len(shown)
        diffs.append(Diff(tuple(names), tuple(shown), len(whole) - len(shown)))
    return diffs


def lines(text: str) -> list[tuple[str, str]]:
    """The lines of a diff that say something, each with its tone: `added`, `taken`, `at` for what is left out."""
    return [(_class(line), line) for line in _body(text)]


def _body(text: str) -> list[str]:
    """The lines without those that every diff begins with; what is left out between two hunks is a line of dots."""
    lines = [line for line in text.splitlines() if not line.startswith(("--- before", "+++ after"))]
    dotted = ["…" if line.startswith("@@") else line for line in lines]
    return dotted[1:] if dotted[:1] == ["…"] else dotted


def _class(line: str) -> str:
    return CLASSES.get(line[:1], "at" if line == "…" else "")
