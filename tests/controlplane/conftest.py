"""Gives the tests of this folder a world of their own on the control plane, which tests/conftest.py gives everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.controlplane.fixtures import world
from tests.controlplane.guarding import Guarded
from tests.controlplane.harness import ControlPlane

__all__ = ["world"]


@pytest.fixture(scope="session")
def guarded_places(control_plane: ControlPlane) -> Iterator[Guarded]:
    """A namespace for each mode of the guard, which is not installed: a module that does takes it away again."""
    made = Guarded(control_plane)
    made.begin()
    yield made
    made.end()
