"""What the newest preflight saw of each workload, as its ticket's page shows it besides the findings: who manages it,
what to commit to Git, which values count now and where from, what the API server answered. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.models import Evidence
from portal.web.diffs import lines
from portal.wording import commits_in, managers_text

_MOST_TARGETS = 10


@dataclass(frozen=True)
class Seen:
    """One workload; `values` are (key, value, where from), `answer` the lines of the API server's diff."""

    target: str
    managed_by: str
    values: tuple[tuple[str, str, str], ...]
    answer: tuple[tuple[str, str], ...]
    services: str


@dataclass(frozen=True)
class Looked:
    """All that is shown: the lines to commit by workload, the workloads, and how many more there are."""

    commits: tuple[tuple[str, str], ...]
    targets: tuple[Seen, ...]
    left_out: int


def looked(evidence: Sequence[Evidence], targets: Sequence[str]) -> Looked | None:
    """The newest preflight of these targets; None where none has looked at a workload."""
    newest = next((one for one in reversed(evidence) if one.kind == "preflight"), None)
    reports = [] if newest is None else list(_reports(newest.data, targets))
    if not reports:
        return None
    commits = commits_in({"targets": reports})
    shown = tuple(_seen(one) for one in reports[:_MOST_TARGETS])
    return Looked(tuple(commits), shown, max(len(reports) - _MOST_TARGETS, 0))


def _reports(data: Mapping[str, Any], targets: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for one in data.get("targets") or []:
        if one.get("workload") in targets and "effective" in one:
            yield one


def _seen(report: Mapping[str, Any]) -> Seen:
    values = [(key, one["value"], one["source"]) for key, one in report["effective"].items()]
    return Seen(
        report["workload"],
        managers_text(report.get("managed_by") or []),
        tuple(sorted(values, key=lambda one: (one[2] == "control plane default", one[0]))),
        tuple(lines((report.get("dry_run") or {}).get("diff") or "")),
        ", ".join(report.get("services") or []),
    )
