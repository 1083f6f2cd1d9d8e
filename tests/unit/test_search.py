"""Texts as words, and searches as what they match."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.event_words import TYPES, types_of, words_of
from portal.search import LONGEST, MOST_TERMS, MOST_WORDS, Term, terms_of, words_in


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("The Vendor's (new) protocol.", {"the", "vendor's", "vendor", "s", "new", "protocol"}),
        (["deployment/web-front"], {"deployment/web-front", "deployment", "web-front", "web", "front"}),
        ({"inbound": "8080,9000-9002"}, {"8080,9000-9002", "9000-9002", "8080", "9000", "9001", "9002"}),
        ("GRÜN ﬁle", {"grün", "file"}),
        ({"port": 443, "on": True, "none": None}, {"443"}),
        ("… --- ///", set()),
        ("1-65535", {"1-65535", "1", "65535"}),
    ],
)
def test_words_of_a_ticket(told: object, words: set[str]) -> None:
    assert words_in(told) == words


def test_words_are_bounded() -> None:
    assert max(map(len, words_in("x" * 5000))) == LONGEST
    assert len(words_in(" ".join(f"w{n}" for n in range(3000)))) == MOST_WORDS
    assert len(terms_of(" ".join(f"w{n}" for n in range(50)))) == MOST_TERMS


@pytest.mark.parametrize(
    ("sought", "terms"),
    [
        ("MD-142", [Term("md-142", "md-142", 142)]),
        ("142", [Term("142", "142", 142)]),
        ("(Vend) vend", [Term("vend", "vend\U0010ffff")]),
        ("deployment/emo", [Term("deployment/emo", "deployment/emo\U0010ffff")]),
        (" -- \x00 ", []),
    ],
)
def test_what_a_search_matches(sought: str, terms: list[Term]) -> None:
    assert terms_of(sought) == terms


def test_types_of_events_by_subject_and_in_words() -> None:
    assert types_of("decision:approve") == ("decision:approve",)
    assert set(types_of("decision")) == {"decision:approve", "decision:reject", "decision:void"}
    assert types_of("unknown") == ("unknown",)
    assert words_of("ticket:submitted") == TYPES["ticket:submitted"]
    assert words_of("later:made-up") == "later made up"


def test_the_page_of_the_trail_tells_of_every_type() -> None:
    table = (Path(__file__).parents[2] / "docs" / "audit.md").read_text("utf-8").partition("## Event types")[2]
    told = re.findall(r"`([a-z]+:[a-z-]+)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))
    assert sorted(told) == sorted(TYPES)
