"""Shares the tests out among several processes, as `make test` asks: a pytest plugin that says which stay together.

What uses the one control plane stays in one process, for each process would start its own; what tells of one running
product does too, and both end with the last test of their group, or they would take a good part of a core to the end of
the run. Everything else goes file by file, for a server that a module shares is started once for it; but what takes
longest goes test by test and before the rest, so that no process has minutes to do when the others have ended.
xdist's own marker for this, `xdist_group`, says nothing to pytest 9.2, so the groups are told by the tests' ids.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

CONTROL_PLANE, OWN_PLANE = "control plane", "control plane of tests/viz"
PLANES = {"tests/contract/": CONTROL_PLANE, "tests/controlplane/": CONTROL_PLANE, "tests/viz/": OWN_PLANE}
STORY = re.compile(r"tests/story/.*\[(?:.*-)?(?P<pair>(?:sqlite|postgres)-(?P<cluster>practice|real))(?:-.*)?\]$")
ONE_BY_ONE = (
    "tests/workers/test_random_schedules.py",
    "tests/workers/test_viz_killed.py",
    "tests/workers/test_egress_killed.py",
)
_BEHIND = pytest.StashKey[bool]()


class Groups(LoadScopeScheduling):
    """Gives each group to one process, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The name of the group of a test."""
    story = STORY.match(nodeid)
    if story is not None:
        return CONTROL_PLANE if story["cluster"] == "real" else story["pair"]
    if _alone(nodeid):
        return nodeid
    of_folder = [name for folder, name in PLANES.items() if nodeid.startswith(folder)]
    return of_folder[0] if of_folder else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Share out by these groups where `--dist loadscope` asks for it."""
    return Groups(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: stories and control planes wait for half of their time."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes longest first; a test that uses a control plane outside its groups ends the run."""
    strays = [item.nodeid for item in items if _needs_plane(item) and group(item.nodeid) not in PLANES.values()]
    if strays:
        raise pytest.UsageError(f"tests/groups.py has no group for these, which use a control plane: {strays}")
    if _among_several(config):
        items.sort(key=lambda item: (group(item.nodeid) != CONTROL_PLANE, not _waits(item), not _alone(item.nodeid)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """From its first test that computes, a process steps behind those whose stories are held to the clock."""
    stash = item.config.stash
    if _among_several(item.config) and not _waits(item) and not stash.get(_BEHIND, False):
        stash[_BEHIND] = True
        os.nice(5)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """With the last test of a group that waits, end all that the process has running, as after its very last."""
    yield
    if nextitem is not None and _among_several(item.config) and is_over(item, nextitem):
        item.session._setupstate.teardown_exact(None)  # what the runner calls then; pytest has no other name for it


def is_over(item: pytest.Item, following: pytest.Item) -> bool:
    """Whether a control plane or a product ran for this test that the one after it does not use."""
    return _waits(item) and group(item.nodeid) != group(following.nodeid)


def _alone(nodeid: str) -> bool:
    return nodeid.startswith(ONE_BY_ONE)


def _among_several(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _needs_plane(item: pytest.Item) -> bool:
    return item.get_closest_marker("control_plane") is not None


def _waits(item: pytest.Item) -> bool:
    """Whether it is of those that mostly wait: for real processes, for a control plane, for a window's end."""
    return group(item.nodeid) in PLANES.values() or item.get_closest_marker("story") is not None
