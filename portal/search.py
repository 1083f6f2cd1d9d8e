"""The words by which tickets are found: how texts become words, and what somebody who searches means. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 64
"""Words are kept and sought by so many of their first characters."""
MOST_WORDS = 500
MOST_TERMS = 8
WIDEST_RANGE = 200
REFERENCE = re.compile(r"md-([1-9][0-9]{0,17})", re.ASCII)
NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
PORTS = re.compile(r"([0-9]{1,5})-([0-9]{1,5})", re.ASCII)
_PARTS = re.compile(r"[^\W_]+")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Term:
    """One word that was searched for: words from `first` to `last` match; `number` is of the ticket that it names."""

    first: str
    last: str
    number: int | None = None


def words_in(told: Any) -> set[str]:
    """The words of texts, numbers, and lists and mappings of such; ports of a range each by itself."""
    found: dict[str, None] = {}
    for text in _texts(told):
        for piece in _plain(text).split():
            found.update(dict.fromkeys(_words(piece)))
            if len(found) >= MOST_WORDS:
                return set(list(found)[:MOST_WORDS])
    return set(found)


def terms_of(sought: str) -> list[Term]:
    """What each word of a search matches: the beginnings of words, and whole numbers and references."""
    pieces = dict.fromkeys(_EDGES.sub("", piece) for piece in _plain(sought).split())
    return [_term(piece) for piece in pieces if piece][:MOST_TERMS]


def _term(piece: str) -> Term:
    word = piece[:LONGEST]
    named = REFERENCE.fullmatch(piece)
    if named is not None:
        return Term(word, word, int(named[1]))
    if NUMBER.fullmatch(piece):
        return Term(word, word, int(piece))
    return Term(word, word + _LAST)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace("\x00", "")


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, Mapping):
        yield from _each(told.values())
    elif isinstance(told, list | tuple | set | frozenset):
        yield from _each(told)
    elif isinstance(told, int) and not isinstance(told, bool):
        yield str(told)


def _each(told: Iterable[Any]) -> Iterator[str]:
    for one in told:
        yield from _texts(one)


def _words(piece: str) -> Iterator[str]:
    """A piece between spaces whole, between commas, and each part between its other marks."""
    for one in (piece, *piece.split(",")):
        if whole := _EDGES.sub("", one):
            yield whole[:LONGEST]
    for slashed in piece.split("/"):
        if name := _EDGES.sub("", slashed):
            yield name[:LONGEST]
    yield from (part[:LONGEST] for part in _PARTS.findall(piece))
    for low, high in PORTS.findall(piece):
        if 0 < int(high) - int(low) <= WIDEST_RANGE:
            yield from (str(port) for port in range(int(low), int(high) + 1))
