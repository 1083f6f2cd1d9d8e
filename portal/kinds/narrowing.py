"""Granting less than was asked: of which fields a part can be granted, and that it is a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError

from portal.mesh.ports import Ports

Sentences = dict[str, list[str]]


class Part(StrEnum):
    """How a part of a field's value is told."""

    LIST = "list"
    """Some of the entries, in the order in which they were asked."""
    PORTS = "ports"
    """Some of the ports, ranges cut as wanted; none leaves the list out."""


class NotLess(Exception):
    """A grant that is not a part of what was asked: marshmallow's `messages` by field."""

    def __init__(self, messages: Mapping[str, Any]) -> None:
        super().__init__(str(messages))
        self.messages = messages


def narrow(
    schema: Schema, fields: Mapping[str, Any], grant: Mapping[str, Any], parts: Mapping[str, Part]
) -> dict[str, Any]:
    """`fields` with the granted parts in their places, as `schema` loads them; raises NotLess."""
    fixed = {name: [_fixed(parts)] for name in grant if name not in parts}
    if fixed:
        raise NotLess(fixed)
    try:
        found: dict[str, Any] = schema.load({**fields, **grant})
    except ValidationError as error:
        raise NotLess(error.messages_dict) from error
    beyond = {name: _beyond(parts[name], fields[name], found[name]) for name in grant}
    more = {name: [f"{what} was not asked: grant a part of what was."] for name, what in beyond.items() if what}
    if more:
        raise NotLess(more)
    kept = {name: [one for one in fields[name] if one in found[name]] for name in grant if parts[name] is Part.LIST}
    return {**found, **kept}


def _fixed(parts: Mapping[str, Part]) -> str:
    if not parts:
        return "Of this kind only the time can be granted in part: reject it, and say what to ask instead."
    return f"This cannot be granted in part: only {', '.join(parts)} and the time can."


def _beyond(part: Part, asked: Any, granted: Any) -> str:
    if part is Part.PORTS:
        return str(Ports.parse(granted) - Ports.parse(asked))
    return ", ".join(_words(one) for one in granted if one not in asked)


def _words(one: Any) -> str:
    values: Sequence[Any] = list(one.values()) if isinstance(one, Mapping) else [one]
    return " ".join(map(str, values))
