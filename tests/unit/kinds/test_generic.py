"""The kind generic: what its fields may be; it acts on nothing."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError

from portal.kinds.base import Scope
from portal.kinds.generic import Generic
from portal.kinds.registry import json_schema, kind_named

KIND = Generic()
GOOD = {"title": "A console", "text": "Read-only."}


def refusals(**changes: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refusal:
        KIND.schema.load({**GOOD, **changes})
    return {str(name): list(said) for name, said in refusal.value.normalized_messages().items()}


def test_it_is_in_the_registry_and_describes_itself() -> None:
    schema = json_schema(kind_named("generic"))
    assert (sorted(schema["required"]), schema["additionalProperties"]) == (["text", "title"], False)
    assert (schema["properties"]["title"]["minLength"], schema["properties"]["title"]["maxLength"]) == (1, 200)
    assert schema["properties"]["text"]["maxLength"] == 4000


def test_text_is_kept_as_text() -> None:
    text = "<b>Two</b> lines,\n{{ and }} what looks like code: $(rm)"
    assert KIND.schema.load({"title": "  A console ", "text": f"\n{text}\n"}) == {"title": "A console", "text": text}


@pytest.mark.parametrize("title", ["", "   ", "x" * 201])
def test_a_title_has_1_to_200_characters(title: str) -> None:
    assert refusals(title=title) == {"title": ["Give 1 to 200 characters."]}


@pytest.mark.parametrize("text", ["", "\n", "x" * 4001])
def test_a_text_has_1_to_4000_characters(text: str) -> None:
    assert refusals(text=text) == {"text": ["Give 1 to 4000 characters."]}


def test_the_longest_ones_are_taken() -> None:
    assert KIND.schema.load({"title": "x" * 200, "text": "x" * 4000})


@pytest.mark.parametrize("title", ["two\nlines", "two\u2028lines"])
def test_a_title_is_one_line(title: str) -> None:
    assert refusals(title=title) == {"title": ["Give one line: the rest belongs into the text."]}


def test_what_is_no_text_and_unknown_fields_are_refused() -> None:
    assert set(refusals(title=7, text=None, urgency="high")) == {"title", "text", "urgency"}


def test_it_acts_on_nothing() -> None:
    assert (KIND.scope, KIND.has_cluster_change) == (Scope.ANYTHING, False)
    assert (KIND.targets(GOOD, None), KIND.targets(GOOD, "emojivoto")) == ([], [])
    assert (KIND.routing_facts(GOOD, []), KIND.checks(GOOD, []), KIND.notes(GOOD)) == ({}, [], [])


def test_title_and_text_make_two_the_same() -> None:
    assert KIND.identity(GOOD) == GOOD
