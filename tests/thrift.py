"""A pytest plugin that spares every test what costs time and proves nothing. tests/conftest.py loads it."""

from __future__ import annotations

import gc

import pytest

# How many objects must come to be before the collector looks at the young ones, and how often at the older: the
# thousands of tests and modules that live to the end would be looked through again and again.
THRESHOLDS = (20_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Have the collector leave alone what is there before the first test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
