"""What live tickets allow, as lines of the guard's parameter object: workers write it, the pruner shortens it. Pure.

A key of the ConfigMap is a namespace, its value a line for each ticket and workload, which CEL splits at spaces:
`deployment/emoji MD-142 2026-03-01T10:00:00Z skip-inbound=8080 skip-outbound= inject= debug=`
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SETTINGS
from portal.mesh.want import Want

NO_END = "-"
_COLUMNS = 7
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Line:
    """One line: which workload, by which ticket, until when (None: no end), and the text that CEL reads."""

    namespace: str
    workload: str
    ticket: str
    until: datetime | None
    text: str

    def over(self, now: datetime) -> bool:
        """Whether its end has passed."""
        return self.until is not None and self.until <= now


def line(namespace: str, workload: str, ticket: str, until: datetime | None, want: Want) -> Line:
    """The line of one ticket on one workload."""
    granted = {
        "skip-inbound": str(want.skip_inbound),
        "skip-outbound": str(want.skip_outbound),
        "inject": SETTINGS[INJECT] if INJECT in want.settings else "",
        "debug": SETTINGS[DEBUG_SIDECAR] if DEBUG_SIDECAR in want.settings else "",
    }
    # Rounded up by what is cut off, a line would allow for longer than the ticket does.
    end = NO_END if until is None else until.astimezone(UTC).strftime(_STAMP)
    said = " ".join(f"{name}={value}" for name, value in granted.items())
    return Line(namespace, workload, ticket, until, f"{workload} {ticket} {end} {said}")


def weakens(want: Want) -> bool:
    """Whether a ticket that wants this needs a line at all."""
    return bool(want.skip_inbound or want.skip_outbound or want.settings & {INJECT, DEBUG_SIDECAR})


def data_of(lines: Iterable[Line]) -> dict[str, str]:
    """The `data` of the parameter object."""
    held: dict[str, list[str]] = defaultdict(list)
    for one in lines:
        held[one.namespace].append(one.text)
    return {namespace: "\n".join(sorted(texts)) for namespace, texts in sorted(held.items())}


def read(data: Mapping[str, str]) -> Iterator[Line]:
    """The lines of a parameter object; what is no line of ours is passed over."""
    for namespace, text in data.items():
        yield from (found for one in text.splitlines() if (found := _read(namespace, one)) is not None)


def pruned(data: Mapping[str, str], now: datetime) -> dict[str, str | None]:
    """The merge patch of `data` that takes out every line whose end has passed; {} where there is none.

    What is no line of ours stays: the pruner takes out what it can read, and nothing else.
    """
    patch: dict[str, str | None] = {}
    for namespace, text in data.items():
        kept = [one for one in text.splitlines() if not _is_over(namespace, one, now)]
        if len(kept) != len(text.splitlines()):
            patch[namespace] = "\n".join(kept) or None
    return patch


def _is_over(namespace: str, text: str, now: datetime) -> bool:
    found = _read(namespace, text)
    return found is not None and found.over(now)


def _read(namespace: str, text: str) -> Line | None:
    columns = text.split(" ")
    if len(columns) != _COLUMNS:
        return None
    workload, ticket, end, *_ = columns
    try:
        until = None if end == NO_END else datetime.strptime(end, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Line(namespace, workload, ticket, until, text)
