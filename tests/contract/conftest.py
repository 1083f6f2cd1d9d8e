"""The `world` fixture: each contract test runs on the practice cluster and, where built, on a real control plane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.worlds import PracticeWorld, World
from tests.controlplane.fixtures import control_plane, slug
from tests.controlplane.harness import ControlPlane

__all__ = ["control_plane", "real_world", "world"]


@pytest.fixture(params=["practice", pytest.param("real", marks=pytest.mark.control_plane)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world of the test's own."""
    if request.param == "practice":
        yield PracticeWorld(tmp_path)
        return
    yield request.getfixturevalue("real_world")


@pytest.fixture
def real_world(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[World]:
    """A namespace of the test's own on the real control plane."""
    # The kubernetes client takes half a second to import: not for runs without a control plane.
    from tests.contract.real_world import RealWorld  # noqa: PLC0415

    made = RealWorld(control_plane, slug(request.node.name))
    yield made
    made.remove()
