"""What the fold makes of crashes, other workers, stripped marks and removed entries; marks and fences."""

from __future__ import annotations

import pytest

from portal.mesh.annotations import SKIP_INBOUND
from portal.mesh.fold import Memory, confirm, fold
from portal.mesh.ports import Ports
from tests.unit.mesh.fold_target import Target, claim, inbound, seen


@pytest.mark.parametrize(
    ("edited", "gone"),
    [
        ({SKIP_INBOUND: "4567-4568,9000-9010"}, "8080"),
        ({SKIP_INBOUND: "4567-4568,8080,9000-9005"}, "9006-9010"),
        ({SKIP_INBOUND: ""}, "8080,9000-9010"),
        ({}, "8080,9000-9010"),
    ],
)
@pytest.mark.parametrize("mark", ["kept", None], ids=["mark kept", "mark stripped"])
def test_what_somebody_took_out_is_suspended_and_not_added_again(
    edited: dict[str, str], gone: str, mark: str | None
) -> None:
    target = Target()
    target.converge(claim("8080,9000-9010"), claim("8080", "MD-2"))
    target.template(edited, mark=mark)
    after = target.converge(claim("8080,9000-9010"), claim("8080", "MD-2"))
    assert after == edited
    assert target.suspended["MD-1"] == inbound(gone)
    assert ("MD-2" in target.suspended) == (8080 in Ports.parse(gone))
    assert target.seen.mark is not None


def test_a_suspended_ticket_leaves_the_owner_s_text_alone() -> None:
    target = Target()
    target.converge(claim("8080"))
    target.template({SKIP_INBOUND: "26, 25"})
    target.converge(claim("8080"))
    assert target.converge(claim("8080", suspended="8080")) == {SKIP_INBOUND: "26, 25"}
    assert target.converge() == {SKIP_INBOUND: "26, 25"}


def test_applying_again_adds_again_once() -> None:
    target = Target()
    target.converge(claim("8080"))
    target.template({})
    target.converge(claim("8080"))
    target.converge(claim("8080", suspended="8080"))
    target.suspended.clear()
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "4567-4568,8080"}
    assert target.suspended == {}


def test_what_never_landed_is_not_taken_for_removed() -> None:
    target = Target()
    target.memory = fold(target.memory, target.seen, [claim("8080")]).memory
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "4567-4568,8080"}
    assert target.suspended == {}


def test_a_write_that_landed_before_a_crash_is_recognised_by_its_mark() -> None:
    plan = fold(Memory(), seen(), [claim("8080")])
    again = fold(plan.memory, seen({SKIP_INBOUND: str(plan.changes[SKIP_INBOUND])}, mark=plan.mark), [claim("8080")])
    assert (again.landed, again.write, again.changes) == (True, False, {})
    assert again.memory.written == inbound("8080")
    assert again.memory == confirm(plan.memory)


def test_a_view_older_than_the_memory_suspends_nothing() -> None:
    """Another worker read, wrote and confirmed between this one's reading of the object and of the row."""
    plan = fold(Memory(), seen(), [claim("8080")])
    stale = fold(confirm(plan.memory), seen(), [claim("8080")])
    assert stale.suspend == {}
    assert stale.write, "only a write under the lock tells whether the view was stale"
    fresh = seen({SKIP_INBOUND: str(plan.changes[SKIP_INBOUND])}, mark=plan.mark)
    after = fold(stale.memory, fresh, [claim("8080")])
    assert (after.write, after.suspend) == (False, {})
    assert after.memory.written == inbound("8080")


def test_a_late_write_of_another_worker_is_still_known_as_ours() -> None:
    """Its intention was overtaken in the database, yet its PATCH landed first."""
    first = fold(Memory(), seen(), [claim("8080")])
    second = fold(first.memory, seen(), [claim("9090", "MD-2")])
    shown = seen({SKIP_INBOUND: str(first.changes[SKIP_INBOUND])}, mark=first.mark)
    after = fold(second.memory, shown, [claim("9090", "MD-2")])
    assert after.changes == {SKIP_INBOUND: "4567-4568,9090"}


def test_retries_do_not_make_the_memory_grow() -> None:
    memory = Memory()
    for _ in range(100):
        memory = fold(memory, seen(), [claim("8080")]).memory
    assert memory.sequence == 100
    assert len(memory.attempts) == 1
    assert Memory.from_json(memory.to_json()) == memory


def test_the_mark_names_the_live_tickets_in_their_order() -> None:
    target = Target()
    target.converge(claim("8080", "MD-10"), claim("8080", "MD-9"))
    assert target.seen.mark == "MD-9,MD-10;1"
    target.converge(claim("8080", "MD-10"))
    assert target.seen.mark == "MD-10;2"


@pytest.mark.parametrize("mark", [None, "hello", "MD-1;99", "MD-1,MD-2;1", "MD-1;1;1"])
def test_a_mark_that_is_not_ours_is_written_again(mark: str | None) -> None:
    target = Target()
    target.converge(claim("8080"))
    before = dict(target.seen.template)
    target.template(before, mark=mark)
    assert target.converge(claim("8080")) == before
    assert str(target.seen.mark).startswith("MD-1;")
    assert target.suspended == {}


def test_a_fence_changes_the_object_also_where_nothing_differs() -> None:
    target = Target()
    plan = fold(target.memory, target.seen, [], fence=True)
    assert (plan.write, plan.changes, plan.mark) == (True, {}, ";1")
    target.converge(fence=True)
    assert target.seen.mark is None
    target.converge(claim("8080"))
    plan = fold(target.memory, target.seen, [claim("8080")], fence=True)
    assert (plan.write, plan.changes) == (True, {})
    assert plan.mark != target.seen.mark


def test_nothing_to_do_writes_nothing() -> None:
    plan = fold(Memory(), seen({SKIP_INBOUND: "25"}), [])
    assert (plan.write, plan.changes, plan.mark, plan.suspend) == (False, {}, None, {})
    assert plan.memory == Memory()


def test_an_orphaned_mark_goes() -> None:
    plan = fold(Memory(), seen(mark="MD-1;4"), [])
    assert (plan.write, plan.changes, plan.mark) == (True, {}, None)


def test_numbers_do_not_meet_those_of_a_mark_that_came_with_the_object() -> None:
    assert fold(Memory(), seen(mark="MD-1;4"), [claim("8080")]).memory.sequence == 5
    assert fold(Memory(), seen(mark="MD-1;999999999"), [claim("8080")]).memory.sequence == 1


def test_with_the_mark_first_an_owner_s_same_port_is_never_taken_for_ours() -> None:
    """Committed, killed before the PATCH; then the owner adds the very port that the ticket wants."""
    target = Target({SKIP_INBOUND: "25"})
    first = fold(target.memory, target.seen, [claim("8080")], mark_first=True)
    assert (first.changes, first.mark) == ({}, "MD-1;1")
    target.memory = confirm(first.memory)
    target.template(dict(target.seen.template), mark=first.mark)
    killed = fold(target.memory, target.seen, [claim("8080")], mark_first=True)
    assert killed.changes == {SKIP_INBOUND: "25,8080"}
    target.memory = killed.memory
    target.template({SKIP_INBOUND: "25,8080"})
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "25,8080"}
    assert target.converge() == {SKIP_INBOUND: "25,8080"}


def test_a_write_that_was_overtaken_is_still_undone_when_the_mark_was_stripped() -> None:
    """It landed and was never confirmed; two others were committed and never sent; then somebody took the mark away."""
    target = Target({SKIP_INBOUND: "26, 25"})
    first = fold(target.memory, target.seen, [claim("8080")])
    second = fold(first.memory, target.seen, [claim("9090")])
    target.memory = fold(second.memory, target.seen, [claim("9091")]).memory
    target.template({SKIP_INBOUND: str(first.changes[SKIP_INBOUND])})
    assert target.converge(fence=True) == {SKIP_INBOUND: "26, 25"}


def test_what_is_only_inherited_is_never_ours() -> None:
    target = Target(inbound="8080,8081")
    target.memory = confirm(fold(Memory(), seen(), [claim("8080")]).memory)
    assert target.converge() == {}
