"""The databases and clusters that stories run on."""

from __future__ import annotations

import pytest

# The first two meet each database and each cluster once: what tests/story/test_story.py tells is told on all four, the
# stories of trouble, people and the queue on these, since they wait much and differ by database or by cluster only.
PAIRS = [
    "sqlite-practice",
    pytest.param("postgres-real", marks=[pytest.mark.postgres, pytest.mark.control_plane]),
    pytest.param("sqlite-real", marks=pytest.mark.control_plane),
    pytest.param("postgres-practice", marks=pytest.mark.postgres),
]
EACH_ONCE = pytest.mark.parametrize("pair", PAIRS[:2], indirect=True, scope="session")
