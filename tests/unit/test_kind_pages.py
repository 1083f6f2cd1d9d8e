"""docs/kinds: each kind has a page for tenants, whose commands and requests the product takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.api.schemas import AskSchema
from portal.kinds.registry import KINDS
from tests.unit.test_docs import FENCE, ROOT, parse, shell_commands, text_of

PAGES = ROOT / "docs" / "kinds"
HEADINGS = ["What it does to you", "What it costs", "How to ask", "How to undo"]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_kind_has_a_page_for_tenants(name: str) -> None:
    page = PAGES / f"{name}.md"
    heads = re.findall(r"^## (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    assert [head for head in heads if head in HEADINGS] == HEADINGS
    asked = [words for words in shell_commands(page) if words[:2] == ["request", name]]
    assert asked
    for words in asked:
        parse(words)
    bodies = list(requests_in(page))
    assert {body["kind"] for body in bodies} == {name}
    for body in bodies:
        ask = AskSchema().load(body)
        assert KINDS[ask.kind].schema.load(ask.fields)


def requests_in(page: Path) -> Iterator[dict[str, Any]]:
    """The bodies for POST /tickets that the page shows: JSON, alone or in a command of curl."""
    for language, block in FENCE.findall(text_of(page)):
        for text in [block] if language == "json" else re.findall(r"-d '(.*?)'", block, re.DOTALL):
            yield json.loads(text)


def test_the_kinds_are_listed_with_their_pages() -> None:
    listed = text_of(PAGES / "README.md")
    assert {name for name in KINDS if f"[{name}]({name}.md)" in listed} == KINDS.keys()
