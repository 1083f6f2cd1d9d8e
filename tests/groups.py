"""Shares the tests out among several processes (`-n auto --dist loadgroup`): a pytest plugin.

What uses the one control plane stays in one process, for each process would start its own; what tells of one running
product does too. Everything else goes file by file, for a server that a module shares is started once for it.
"""

from __future__ import annotations

import os
import sys

import pytest

CONTROL_PLANE = "control_plane"
AT_MOST = 8


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: many tests only wait, for other processes and for the clock."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores + 1, AT_MOST)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test that names no group the one that it belongs to, before xdist looks for it."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    if item.get_closest_marker("control_plane") is not None:
        return CONTROL_PLANE
    callspec = getattr(item, "callspec", None)
    product = callspec.params.get("pair") if callspec is not None else None
    return str(product or item.path.relative_to(item.config.rootpath))
