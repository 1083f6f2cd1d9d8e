"""Whether an object still is what was written, and the patch that makes it so again."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.mesh.drift import contained, restoring

KEYS = st.sampled_from(["a", "b", "c"])
# A merge patch cannot say null: no manifest of ours holds one.
SCALARS = st.one_of(st.integers(0, 3), st.text("xy", max_size=2), st.booleans())
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, TREES, max_size=3)


@pytest.mark.parametrize(
    ("wanted", "there", "holds"),
    [
        ({"a": 1}, {"a": 1, "default": True}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {}, False),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "protocol": "TCP"}]}, True),
        ({"a": {}}, {}, False),
        ({"a": []}, {"a": "x"}, False),
    ],
)
def test_defaults_are_no_difference_and_everything_else_is(wanted: Any, there: Any, holds: bool) -> None:
    assert contained(wanted, there) is holds


def merged(obj: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    found = copy.deepcopy(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


@given(wanted=OBJECTS, there=OBJECTS)
def test_the_patch_makes_exactly_what_is_wanted(wanted: dict[str, Any], there: dict[str, Any]) -> None:
    assert merged(there, restoring(wanted, there)) == wanted
    assert restoring(wanted, wanted) == {}
    assert contained(wanted, wanted)
