"""RFC 7386 as its appendix A has it, and the managed fields of the practice cluster."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from workers.cluster.practice_patch import first_fields, merge, patched

EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_merging_is_that_of_the_standard(target: Any, patch: Any, result: Any) -> None:
    before = copy.deepcopy((target, patch))
    assert merge(target, patch) == result
    assert (target, patch) == before


def config(**data: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "x", "namespace": "y", "uid": "u", "resourceVersion": "1"}
    made: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    metadata["managedFields"] = first_fields(made, manager="owner", time="2026-01-01T00:00:00Z")
    return made


def owned(obj: dict[str, Any]) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"]["managedFields"]}


def test_who_changes_a_field_takes_it_and_who_loses_the_last_is_forgotten() -> None:
    before = config(a="1", b="1")
    after = patched(before, {"data": {"a": "2", "c": "1"}}, manager="other", time="2026-01-02T00:00:00Z")
    assert owned(after) == {"owner": {"f:data": {"f:b": {}}}, "other": {"f:data": {"f:a": {}, "f:c": {}}}}
    after = patched(after, {"data": {"b": None}}, manager="other", time="2026-01-03T00:00:00Z")
    assert owned(after) == {"other": {"f:data": {"f:a": {}, "f:c": {}}}}
    assert [entry["time"] for entry in after["metadata"]["managedFields"]] == ["2026-01-03T00:00:00Z"]


def test_writing_what_is_there_already_changes_nothing() -> None:
    before = config(a="1")
    assert patched(before, {"data": {"a": "1", "b": None}}, manager="other", time="later") is before
