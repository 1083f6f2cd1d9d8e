"""The rules of the fold: what a write starts from, what an undo leaves, injection, and values that cannot be read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.mesh.annotations import INJECT, SKIP_INBOUND, SKIP_OUTBOUND
from portal.mesh.fold import Claim, Memory, Unreadable, Want, fold
from portal.mesh.ports import Ports
from tests.unit.mesh.fold_target import OFF, Target, claim, seen


@pytest.mark.parametrize(
    ("template", "around", "wanted", "live"),
    [
        ({}, {}, "8080,9000-9010", "4567-4568,8080,9000-9010"),
        ({}, {"inbound": "5000"}, "8080", "5000,8080"),
        ({}, {"inbound": ""}, "8080", "8080"),
        ({SKIP_INBOUND: "9090"}, {"inbound": "5000"}, "8080", "8080,9090"),
        ({SKIP_INBOUND: ""}, {"inbound": "5000"}, "8080", "8080"),
        ({SKIP_INBOUND: "30001, 30000"}, {}, "8080", "8080,30000-30001"),
        ({SKIP_INBOUND: "9005"}, {}, "9000-9010", "9000-9010"),
    ],
)
def test_a_ticket_starts_from_what_counts_and_leaves_no_trace(
    template: dict[str, str], around: dict[str, str], wanted: str, live: str
) -> None:
    target = Target(template, **around)
    assert target.converge(claim(wanted)) == {SKIP_INBOUND: live}
    assert target.seen.mark is not None
    assert target.converge(fence=True) == template
    assert target.seen.mark is None
    assert not target.memory.written


def test_what_is_there_already_is_neither_written_nor_taken_out() -> None:
    target = Target({SKIP_INBOUND: "8080, 443"})
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "8080, 443"}
    assert target.converge() == {SKIP_INBOUND: "8080, 443"}


def test_a_default_that_covers_the_want_is_left_inherited_until_it_goes() -> None:
    target = Target(inbound="8080")
    assert target.converge(claim("8080")) == {}
    target.seen = replace(target.seen, namespace={SKIP_INBOUND: "5000"})
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "5000,8080"}
    assert target.converge() == {}


def test_a_key_that_no_ticket_wants_is_not_even_read() -> None:
    target = Target({SKIP_OUTBOUND: "not, a list", INJECT: "enabled"})
    after = target.converge(claim("8080"))
    assert after[SKIP_OUTBOUND] == "not, a list"
    assert target.converge() == {SKIP_OUTBOUND: "not, a list", INJECT: "enabled"}


def test_two_tickets_never_undo_each_other() -> None:
    target = Target()
    target.converge(claim("8080,9000"), claim("8080,9001", "MD-2"))
    assert target.seen.template == {SKIP_INBOUND: "4567-4568,8080,9000-9001"}
    assert target.converge(claim("8080,9001", "MD-2"), fence=True) == {SKIP_INBOUND: "4567-4568,8080,9001"}
    assert target.converge(fence=True) == {}


def test_a_trimmed_ticket_loses_what_was_trimmed() -> None:
    target = Target()
    target.converge(claim("8080,9000"))
    assert target.converge(claim("9000")) == {SKIP_INBOUND: "4567-4568,9000"}


def test_an_owner_s_entry_added_meanwhile_stays() -> None:
    target = Target({SKIP_INBOUND: "25"})
    target.converge(claim("8080"))
    target.template({SKIP_INBOUND: "25,8080,9090"})
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "25,8080,9090"}
    assert target.converge() == {SKIP_INBOUND: "25,9090"}


def test_an_owner_s_entry_taken_out_meanwhile_stays_out() -> None:
    target = Target({SKIP_INBOUND: "25,26"})
    target.converge(claim("8080"))
    target.template({SKIP_INBOUND: "25,8080"})
    assert target.converge() == {SKIP_INBOUND: "25"}


def test_the_exact_text_comes_back_where_the_owner_s_ports_are_the_same() -> None:
    target = Target({SKIP_INBOUND: "26, 25"})
    target.converge(claim("8080"))
    target.template({SKIP_INBOUND: "8080,26,25"})
    assert target.converge() == {SKIP_INBOUND: "26, 25"}


def test_an_owner_who_changed_an_inherited_list_keeps_it() -> None:
    target = Target()
    target.converge(claim("8080"))
    target.template({SKIP_INBOUND: "4567,8080"})
    assert target.converge() == {SKIP_INBOUND: "4567"}


def test_a_namespace_that_changed_meanwhile_is_inherited_again() -> None:
    target = Target(inbound="5000")
    target.converge(claim("8080"))
    target.seen = replace(target.seen, namespace={SKIP_INBOUND: "6000"})
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "5000,8080"}
    assert target.converge() == {}


def test_a_pin_that_the_owner_set_before_our_first_write_stays() -> None:
    target = Target()
    stale = fold(target.memory, target.seen, [claim("8080")])
    target.memory = stale.memory
    target.template({SKIP_INBOUND: "4567,4568"})
    assert target.converge(claim("8080")) == {SKIP_INBOUND: "4567-4568,8080"}
    assert target.converge() == {SKIP_INBOUND: "4567,4568"}


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, {INJECT: "disabled"}), ({INJECT: "enabled"}, {INJECT: "disabled"}), ({INJECT: ""}, {INJECT: "disabled"})],
)
def test_injection_is_switched_off_and_back(before: dict[str, str], after: dict[str, str]) -> None:
    target = Target(before)
    assert target.converge(OFF) == after
    assert target.converge() == before


def test_an_owner_s_own_disabled_is_not_ours_to_take_back() -> None:
    target = Target({INJECT: "disabled"})
    target.converge(OFF)
    assert target.converge() == {INJECT: "disabled"}


@pytest.mark.parametrize("value", ["enabled", "ingress", None])
@pytest.mark.parametrize("mark", ["kept", None], ids=["mark kept", "mark stripped"])
def test_somebody_who_switches_injection_on_again_suspends_it(value: str | None, mark: str | None) -> None:
    target = Target()
    target.converge(OFF)
    edited = {} if value is None else {INJECT: value}
    target.template(edited, mark=mark)
    assert target.converge(OFF) == edited
    assert target.suspended == {"MD-1": Want.of_setting(INJECT)}
    assert target.converge() == edited


def test_ports_and_injection_are_folded_apart() -> None:
    target = Target({INJECT: "enabled"})
    ports = Claim("MD-2", Want(Ports.of(8080), Ports.of(25)))
    assert target.converge(OFF, ports) == {
        INJECT: "disabled",
        SKIP_INBOUND: "4567-4568,8080",
        SKIP_OUTBOUND: "25,4567-4568",
    }
    assert target.converge(ports)[INJECT] == "enabled"
    assert target.converge() == {INJECT: "enabled"}


@pytest.mark.parametrize("text", ["http", "8080,", "9-1"])
def test_a_value_that_cannot_be_read_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(Unreadable, match="Its owner must mend it") as refusal:
        fold(Memory(), seen({SKIP_INBOUND: text}), [claim("8080")])
    assert f'"{text}" (pod template)' in refusal.value.sentence


def test_an_unreadable_namespace_stops_only_who_must_start_from_it() -> None:
    with pytest.raises(Unreadable, match="namespace"):
        fold(Memory(), seen(inbound="http"), [claim("8080")])
    assert fold(Memory(), seen({SKIP_INBOUND: "25"}, inbound="http"), [claim("8080")]).changes


def test_what_became_unreadable_cannot_be_undone_and_says_so() -> None:
    target = Target()
    target.converge(claim("8080"))
    target.template({SKIP_INBOUND: "8080,http"})
    with pytest.raises(Unreadable):
        target.converge()


def test_a_namespace_that_became_unreadable_does_not_keep_an_undo_waiting() -> None:
    target = Target(inbound="5000")
    target.converge(claim("8080"))
    target.seen = replace(target.seen, namespace={SKIP_INBOUND: "http"})
    assert target.converge() == {}
