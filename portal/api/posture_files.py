"""The posture as files: a line for each workload or finding, in the order of the lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from flask import Response
from sqlalchemy.orm import Session

from portal.api.context import actor, parts
from portal.api.csv_file import MOST_ROWS, csv_response
from portal.api.posture_views import finding_view
from portal.db import Database
from portal.queries import posture
from portal.queries.encryption import Scope
from portal.queries.posture import Finding, Line, Wanted

BATCH = 500
WORKLOADS = ("cluster", "namespace", "tenant", "kind", "name", "standing", "pods", "meshed_pods", "seen_at", "holes")
FINDINGS = (
    *("cluster", "namespace", "tenant", "kind", "name", "code", "fact", "unexplained_since", "first_seen_at"),
    *("made_by", "made_at", "tickets", "ticket", "ticket_state", "seen_at"),
)
One = TypeVar("One", Line, Finding)
Batch = Callable[[Session, int | None], list[One]]


def workloads_file(scope: Scope) -> Response:
    """The workloads of a scope, at most MOST_ROWS of them."""
    by = actor()

    def batch(session: Session, after: int | None) -> list[Line]:
        return posture.lines(session, scope, by=by, after=after, limit=BATCH)

    return csv_response("posture.csv", WORKLOADS, map(_workload, _all(parts().database, batch)))


def findings_file(wanted: Wanted) -> Response:
    """The findings that are meant, at most MOST_ROWS of them."""
    by = actor()

    def batch(session: Session, after: int | None) -> list[Finding]:
        return posture.findings(session, wanted, by=by, after=after, limit=BATCH)

    return csv_response("findings.csv", FINDINGS, map(_finding, _all(parts().database, batch)))


def _all(database: Database, batch: Batch[One]) -> Iterator[One]:
    # It runs while the answer is sent, when there is no request any more; each batch is a read of its own.
    after, sent = None, 0
    while sent < MOST_ROWS:
        with database.reading() as session:
            found = batch(session, after)
        yield from found
        if len(found) < BATCH:
            return
        after, sent = found[-1].row.id, sent + len(found)


def _workload(line: Line) -> Sequence[Any]:
    row = line.row
    own = (row.cluster, row.namespace, line.tenant, row.kind, row.name, row.standing, row.pods, row.meshed_pods)
    return (*own, row.seen_at, [one.row.code for one in line.holes])


def _finding(found: Finding) -> Sequence[Any]:
    view = finding_view(found)
    return [view[name] for name in FINDINGS]
