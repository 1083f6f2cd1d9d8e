"""The mark, the memory's JSON, and wants as sets."""

from __future__ import annotations

import json

import pytest

from portal.mesh.annotations import DEBUG_SIDECAR, INJECT, SKIP_INBOUND
from portal.mesh.memory import (
    PAST_KEPT,
    Attempt,
    Memory,
    Write,
    confirm,
    intend,
    landed,
    mark_text,
    parse_mark,
    past_write,
)
from portal.mesh.ports import Ports
from portal.mesh.want import NOTHING, Want

OFF = frozenset({INJECT})
one, two = Want(Ports.of(8080), Ports.of(25)), Want(Ports.of(8080, 9090), settings=OFF)


@pytest.mark.parametrize(
    ("tickets", "sequence", "text"), [(["MD-10", "MD-9"], 7, "MD-9,MD-10;7"), (["MD-1"], 1, "MD-1;1"), ([], 8, ";8")]
)
def test_marks_are_written_and_read(tickets: list[str], sequence: int, text: str) -> None:
    assert mark_text(tickets, sequence) == text
    assert parse_mark(text) == (tuple(sorted(tickets, key=lambda ref: int(ref[3:]))), sequence)


@pytest.mark.parametrize(
    "text", [None, "", ";", "MD-1", "MD-1;", "MD-1;0", "MD-1;x", "MD-1;7 ", "MD-;7", "A;7", "MD-1;1234567890"]
)
def test_what_is_no_mark_of_ours_is_none(text: str | None) -> None:
    assert parse_mark(text) is None


def test_wants_are_sets_field_by_field() -> None:
    assert Want(Ports.of(8080, 9090), Ports.of(25), settings=OFF) == one | two
    assert Want(Ports.of(8080)) == one & two
    assert Want(Ports.of(9090), settings=OFF) == two - one
    assert one - one == NOTHING
    assert not NOTHING
    assert Want.of_setting(INJECT)
    assert Want.union([one, two]) == one | two
    assert Want.union([]) == NOTHING
    assert Want.of_ports(SKIP_INBOUND, Ports.of(1)).ports(SKIP_INBOUND) == Ports.of(1)


@pytest.mark.parametrize("want", [one, two, NOTHING])
def test_wants_survive_json(want: Want) -> None:
    assert Want.from_json(json.loads(json.dumps(want.to_json()))) == want
    assert Want.from_json({}) == NOTHING


def test_wants_are_sets_of_settings_too() -> None:
    both = Want.of_setting(INJECT) | Want.of_setting(DEBUG_SIDECAR)
    assert both.to_json()["settings"] == sorted([INJECT, DEBUG_SIDECAR])
    assert both - Want.of_setting(INJECT) == both & Want.of_setting(DEBUG_SIDECAR) == Want.of_setting(DEBUG_SIDECAR)
    assert both.disable_injection
    assert not (both - Want.of_setting(INJECT)).disable_injection
    with pytest.raises(ValueError, match="no ticket sets that"):
        Want.of_setting(SKIP_INBOUND)


@pytest.mark.parametrize(("off", "want"), [(True, Want.of_setting(INJECT)), (False, NOTHING)])
def test_a_want_of_the_first_version_is_read(off: bool, want: Want) -> None:
    assert Want.from_json({"skip_inbound": "", "skip_outbound": "", "disable_injection": off}) == want


def test_a_memory_survives_json() -> None:
    baseline = {SKIP_INBOUND: {"present": True, "value": "1", "effective": "1", "source": "pod template"}}
    attempts = (Attempt(3, 5, Write(two)), Attempt(6, 6, Write(one, lost=one)))
    memory = Memory(Write(one, two, baseline), attempts, 2, 6, past=(Attempt(2, 2, Write(one, two, baseline)),))
    assert Memory.from_json(json.loads(json.dumps(memory.to_json()))) == memory
    assert Memory.from_json({}) == Memory()


def test_what_is_intended_is_written_once_confirmed() -> None:
    memory = intend(Memory(Write(one), confirmed=1, sequence=1), Write(two), 2)
    assert (memory.written, memory.intended) == (one, two)
    over = (Attempt(2, 2, Write(two)),)
    assert confirm(memory) == Memory(Write(two), confirmed=2, sequence=2, past=over)
    assert confirm(confirm(memory)) == confirm(memory)


@pytest.mark.parametrize(
    ("mark", "written", "left"),
    [
        (2, one, [(3, 5), (6, 6)]),
        (3, two, [(4, 5), (6, 6)]),
        (5, two, [(6, 6)]),
        (6, one, []),
    ],
)
def test_a_mark_tells_which_write_landed_and_which_may_yet(
    mark: int, written: Want, left: list[tuple[int, int]]
) -> None:
    memory = Memory(Write(one), (Attempt(3, 5, Write(two)), Attempt(6, 6, Write(one))), confirmed=2, sequence=6)
    found = landed(memory, mark)
    assert found is not None
    assert found.written == written
    assert [(attempt.first, attempt.last) for attempt in found.attempts] == left
    assert (found.confirmed, found.sequence) == (mark, 6)


def test_the_last_writes_that_are_over_are_remembered_by_their_numbers() -> None:
    memory = Memory()
    for number in range(1, PAST_KEPT + 3):
        memory = confirm(intend(memory, Write(Want(Ports.of(number))), number))
    memory = confirm(intend(memory, Write(), PAST_KEPT + 3))
    assert past_write(memory, 3).added == Want(Ports.of(3))
    assert past_write(memory, PAST_KEPT + 2).added == Want(Ports.of(PAST_KEPT + 2))
    assert [past_write(memory, number).added for number in (None, 2, PAST_KEPT + 3)] == [NOTHING] * 3


@pytest.mark.parametrize("mark", [None, 1, 7])
def test_an_unknown_mark_tells_nothing(mark: int | None) -> None:
    assert landed(Memory(Write(one), (Attempt(3, 3, Write(two)),), confirmed=2, sequence=3), mark) is None
