"""The evidence that workers really leave is what pages can show, for every kind: then, with it, and after it."""

from __future__ import annotations

import pytest

from portal import queries
from portal.states import State
from portal.web.diffs import changes
from portal.web.headline import headline
from portal.web.seen import raw, seen
from tests.workers.desk import Desk
from tests.workers.kinds import SORTS, Sort
from tests.workers.viz import finish, release

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("sort", SORTS.values(), ids=SORTS)
def test_evidence_of_every_kind_is_shown_by_phases(desk: Desk, sort: Sort) -> None:
    sort.prepare(desk)
    number = sort.active(desk)
    release(desk, number)
    assert finish(desk, number) is State.CLOSED
    with desk.database.reading() as session:
        evidence = queries.evidence(session, number)
    shown = seen(evidence)
    assert changes(evidence) is not None
    assert len(raw(evidence)) == len(evidence) >= 3
    assert headline(sort.kind, desk.ticket(number).fields)
    phases = {row.phase for one in shown for row in one.pods} | {phase for one in shown for phase, *_ in one.objects}
    assert phases >= {"with it", "after it"} or sort.kind == "job-completion"
    for one in shown:
        assert {there for phase, _, there in one.objects if phase == "with it"} <= {True}
        assert {there for phase, _, there in one.objects if phase == "after it"} <= {False}
