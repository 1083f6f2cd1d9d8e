"""The port lists: strict reading, canonical text, and sets that agree with Python's own sets of numbers."""

from __future__ import annotations

import random
import re

import pytest

from portal.mesh.ports import PROXY_PORTS, PortRange, Ports


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("  ", ""),
        ("8080", "8080"),
        ("8080 ", "8080"),
        ("443, 8080", "443,8080"),
        ("9000 - 9010", "9000-9010"),
        ("8080,443", "443,8080"),
        ("8080,8080", "8080"),
        ("8080,8081", "8080-8081"),
        ("9000-9010,9005-9020,8999", "8999-9020"),
        ("9000-9000", "9000"),
        ("0", "0"),
        ("0-65535", "0-65535"),
        ("00080", "80"),
    ],
)
def test_a_list_is_read_and_written_canonically(text: str, canonical: str) -> None:
    assert str(Ports.parse(text)) == canonical
    assert Ports.parse(canonical) == Ports.parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("65536", '"65536" is not possible: ports end at 65535.'),
        ("9-1", '"9-1" goes backwards: write the lower port first, 1-9.'),
        ("http", '"http" is not a port'),
        ("80,http,443", '"http" is not a port'),
        ("80 80", '"80 80" is not a port'),
        ("-1", '"-1" is not a port'),
        ("1-", '"1-" is not a port'),
        ("1-2-3", '"1-2-3" is not a port'),
        ("80;81", '"80;81" is not a port'),
        ("8080,", "empty entry"),
        (",", "empty entry"),
        ("80,,81", "empty entry"),
        ("٨٠", "is not a port"),
        ("1" * 5000, "is not a port"),
        ("99999-1", "ports end at 65535"),
    ],
)
def test_a_bad_entry_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Ports.parse(text)


def test_equal_sets_are_equal_whatever_they_were_made_of() -> None:
    assert Ports.of(3, 1, 2) == Ports([PortRange(1, 3)]) == Ports.parse("1,2-3")
    assert len({Ports.of(1, 2), Ports([PortRange(1, 2)])}) == 1
    assert list(Ports.parse("1-2,9")) == [PortRange(1, 2), PortRange(9, 9)]
    assert not Ports()
    assert len(Ports.parse("1,5-10")) == 7


def test_membership_is_by_number() -> None:
    ports = Ports.parse("8080,9000-9010")
    assert 8080 in ports
    assert 9005 in ports
    assert 8081 not in ports
    assert "8080" not in ports
    assert 4143 in PROXY_PORTS


@pytest.mark.parametrize(("first", "last"), [(9, 1), (-1, 5), (1, 65536)])
def test_an_impossible_range_cannot_be_made(first: int, last: int) -> None:
    with pytest.raises(ValueError, match="not a range"):
        PortRange(first, last)


@pytest.mark.parametrize("seed", range(50))
def test_the_operators_agree_with_sets_of_numbers(seed: int) -> None:
    dice = random.Random(seed)
    left, right = ({dice.randrange(40) for _ in range(dice.randrange(25))} for _ in range(2))
    for ports, expected in (
        (Ports.of(*left) | Ports.of(*right), left | right),
        (Ports.of(*left) & Ports.of(*right), left & right),
        (Ports.of(*left) - Ports.of(*right), left - right),
    ):
        assert {port for span in ports for port in range(span.first, span.last + 1)} == expected
        assert len(ports) == len(expected)
        assert bool(ports) == bool(expected)
        assert ports == Ports.of(*expected)
        assert Ports.parse(str(ports)) == ports


@pytest.mark.parametrize(
    ("text", "whole", "by_entry"),
    [
        (None, "", ""),
        ("", "", ""),
        ("80,90-91", "80,90-91", "80,90-91"),
        ("80,http,90", "", "80,90"),
        (",80", "", "80"),
    ],
)
def test_what_cannot_be_read_holds_no_port(text: str | None, whole: str, by_entry: str) -> None:
    assert str(Ports.readable(text)) == whole
    assert str(Ports.entries(text)) == by_entry
