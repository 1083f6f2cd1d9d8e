"""The OpenAPI document is whole, and its page is made of it without any script or address from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import Flask

from portal.api.problems import KINDS
from tests.api.desk import Desk


def references(part: Any) -> Iterator[str]:
    """Every $ref below."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_the_document_names_every_route_and_method(app: Flask, desk: Desk) -> None:
    document = desk.get("/api/openapi.json", None).get_json()
    assert document["openapi"] == "3.1.0"
    served = {
        (re.sub(r"<([^>]+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {
        (path, method)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    assert told == served


def test_every_reference_of_the_document_leads_somewhere(desk: Desk) -> None:
    document = desk.get("/api/openapi.json", None).get_json()
    for reference in references(document):
        part = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]


def test_the_document_tells_about_keys_versions_and_problems(desk: Desk) -> None:
    document = desk.get("/api/openapi.json", None).get_json()
    decide = document["paths"]["/api/v1/tickets/{ref}/decisions"]
    headers = {one["name"] for one in [*decide["parameters"], *decide["post"]["parameters"]] if one["in"] == "header"}
    assert headers == {"If-Match", "Idempotency-Key"}
    assert "parameters" not in document["paths"]["/api/v1/tickets/preview"]["post"]
    error = document["components"]["responses"]["DEFAULT_ERROR"]
    assert list(error["content"]) == ["application/problem+json"]
    assert all(
        operation["summary"]
        for path in document["paths"].values()
        for name, operation in path.items()
        if name in ("get", "post")
    )


def test_the_page_has_no_script_and_nothing_from_elsewhere(desk: Desk) -> None:
    answer = desk.get("/api/docs", None)
    assert answer.mimetype == "text/html"
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)
    assert "POST /api/v1/tickets/{ref}/decisions" in answer.text
    style = re.search(r'href="([^"]+\.css)"', answer.text)
    assert style is not None
    with desk.get(style[1], None) as sheet:
        assert sheet.mimetype == "text/css"


def test_the_page_explains_every_problem_that_is_answered(desk: Desk) -> None:
    page = desk.get("/api/docs", None).text
    for kind in KINDS.values():
        assert f'id="problem-{kind.name}"' in page


def test_links_of_the_page_lead_to_a_part_of_it(desk: Desk) -> None:
    page = desk.get("/api/docs", None).text
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
