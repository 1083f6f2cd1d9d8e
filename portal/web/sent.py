"""What browsers send in queries and forms, read by the schemas of the API, so that both take and refuse the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError

from portal.errors import Invalid
from portal.tickets.asking import flatten


def load(schema: Schema, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent as `schema` loads it; raises Invalid with its sentences by field."""
    try:
        found: dict[str, Any] = schema.load(sent)
    except ValidationError as error:
        raise Invalid(flatten(error.normalized_messages(), "")) from error  # type: ignore[no-untyped-call]
    return found


def text(form: Mapping[str, str], name: str) -> str:
    """A text field as it was typed, with plain ends of lines; empty where there is none. Raises Invalid for NUL."""
    typed = form.get(name, "").replace("\r\n", "\n")
    if "\x00" in typed:
        raise Invalid({name: ["It holds a NUL character: take it out."]})
    return typed


def lines(form: Mapping[str, str], name: str) -> list[str]:
    """The lines of a text field that hold something."""
    return [line.strip() for line in text(form, name).split("\n") if line.strip()]


def sentence_of(error: Exception) -> str:
    """What a refusal says to somebody who looks at the form: the sentences alone, without the names of fields."""
    if isinstance(error, Invalid):
        return " ".join(said for sentences in error.errors.values() for said in sentences)
    return str(error)
