"""pytest fixtures for tests that need the real control plane; a conftest imports them by name."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.controlplane.build import COMMAND, cached_program
from tests.controlplane.harness import ControlPlane
from tests.controlplane.injector import Injector
from tests.controlplane.world import World, add_linkerd, fresh_world

RUNNING = pytest.StashKey[ControlPlane]()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[ControlPlane]:
    """A running control plane with Linkerd's settings and the stand-in injector; no tenants yet (see `world`).

    One for a whole session, also where several conftests import this fixture, of which pytest would make one each.
    Skipped where it was not built; with CI=true that is a failure.
    """
    require_build()
    if RUNNING in pytestconfig.stash:
        yield pytestconfig.stash[RUNNING]
        return
    with started(ControlPlane(tmp_path_factory.mktemp("control-plane"))) as plane:
        pytestconfig.stash[RUNNING] = plane
        yield plane
        del pytestconfig.stash[RUNNING]


@contextmanager
def started(plane: ControlPlane) -> Iterator[ControlPlane]:
    """The control plane running inside the block, with Linkerd's settings and the stand-in injector."""
    stand_in = Injector(plane)
    try:
        plane.start()
        add_linkerd(plane)
        stand_in.start()
        yield plane
    finally:
        stand_in.stop()
        plane.stop()


@pytest.fixture
def world(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[World]:
    """The three tenants in namespaces of this test's own, removed after it."""
    made = fresh_world(control_plane, slug(request.node.name))
    yield made
    made.remove()


def require_build() -> None:
    """Go on where the control plane is built; else skip, or fail where CI says that everything must run."""
    if cached_program() is not None:
        return
    reason = f"the control plane is not built on this machine: run `{COMMAND}`"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def slug(text: str, *, longest: int = 40) -> str:
    """A prefix for namespaces out of a test's name: a DNS label of at most `longest` characters, one for a name."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:6]
    words = re.sub(r"[^a-z0-9]+", "-", text.lower().removeprefix("test_"))
    return f"{words[: longest - 7].strip('-')}-{mark}"
