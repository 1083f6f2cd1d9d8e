"""A field of a form: what it asks in the tenant's words, and how what was typed becomes a part of the request. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from werkzeug.datastructures import MultiDict

Typed = MultiDict[str, str]
NOTHING = object()
"""What a field gives that was left empty, where the request then leaves it out."""


class Sort(StrEnum):
    """How a field looks and is read."""

    WORKLOADS = "workloads"
    """Ticked in the list of what workers saw."""
    NAMESPACES = "namespaces"
    """Ticked in the list of one's own on the cluster."""
    LINE = "line"
    PORTS = "ports"
    """A line, with the ports that the chosen workloads expose as suggestions."""
    TEXT = "text"
    LINES = "lines"
    """A list, one a line."""
    USERS = "users"
    GROUPS = "groups"
    CHOICE = "choice"
    YES_NO = "yes-no"
    TICK = "tick"


@dataclass(frozen=True)
class Option:
    """One of the values of a choice, and what it means."""

    value: str
    label: str
    hint: str = ""


YES_OR_NO = (Option("yes", "Yes"), Option("no", "No"))


@dataclass(frozen=True)
class Field:
    """One question of a form; `path` is where its answer goes in the request's `fields` (none: it is read elsewhere).

    `when` is another field and the value with which alone this one is asked. `words` marks what explains and decides
    nothing: a preview can be had before it is written. `none` is the tick that says that an empty list is meant.
    """

    name: str
    path: tuple[str, ...]
    sort: Sort
    label: str
    hint: str = ""
    options: tuple[Option, ...] = ()
    default: str = ""
    when: tuple[str, str] | None = None
    words: bool = False
    none: str = ""

    @property
    def key(self) -> str:
        """Its path in what the API says is wrong."""
        return ".".join(("fields", *self.path))

    @property
    def choices(self) -> tuple[Option, ...]:
        """What to choose from."""
        return YES_OR_NO if self.sort is Sort.YES_NO else self.options

    def value(self, typed: Typed) -> str:
        """What was typed or chosen; the default where nothing was said."""
        return plain(typed.get(self.name, self.default))

    def values(self, typed: Typed) -> list[str]:
        """The entries of a list: of each parameter of its name, and each line of it."""
        entries = (line.strip() for one in typed.getlist(self.name) for line in plain(one).split("\n"))
        return [entry for entry in entries if entry]

    def applies(self, typed: Typed, fields: tuple[Field, ...]) -> bool:
        """Whether it is asked at all, as the others stand."""
        if self.when is None:
            return True
        name, value = self.when
        return any(one.name == name and one.value(typed) == value for one in fields)

    def read(self, typed: Typed) -> Any:
        """Its answer as the request has it; NOTHING where that leaves it out."""
        return _READ.get(self.sort, Field.value)(self, typed)

    def shown(self, answer: Any) -> list[str]:
        """What was typed to get this answer: the other way round, to repeat a request."""
        if answer is None:
            return []
        if self.sort in _SUBJECTS:
            return [str(one["name"]) for one in answer if one["kind"] == _SUBJECTS[self.sort]]
        if isinstance(answer, bool):
            return ["yes" if answer else "no"]
        return [str(one) for one in answer] if isinstance(answer, list) else [str(answer)]


_SUBJECTS = {Sort.USERS: "User", Sort.GROUPS: "Group"}


def _lines(field: Field, typed: Typed) -> Any:
    found = field.values(typed)
    return found if found or not field.none or typed.get(field.none) == "yes" else NOTHING


def _subjects(field: Field, typed: Typed) -> Any:
    return [{"kind": _SUBJECTS[field.sort], "name": name} for name in field.values(typed)]


def _yes_no(field: Field, typed: Typed) -> Any:
    return {"yes": True, "no": False}.get(field.value(typed), NOTHING)


_READ: dict[Sort, Callable[[Field, Typed], Any]] = {
    Sort.WORKLOADS: Field.values,
    Sort.NAMESPACES: Field.values,
    Sort.LINES: _lines,
    Sort.USERS: _subjects,
    Sort.GROUPS: _subjects,
    Sort.TICK: lambda field, typed: typed.get(field.name) == "yes",
    Sort.YES_NO: _yes_no,
    Sort.CHOICE: lambda field, typed: field.value(typed) or NOTHING,
}


def plain(text: str) -> str:
    """Text of a form with plain ends of lines, and without NUL, which nothing keeps."""
    return text.replace("\r\n", "\n").replace("\x00", "")
