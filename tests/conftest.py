"""What every test may use: servers, what a run makes once, and the one real control plane of a run."""

from __future__ import annotations

from tests.controlplane.fixtures import control_plane

pytest_plugins = ["tests.servers", "tests.shared", "tests.groups", "tests.notrun", "tests.renderings"]

__all__ = ["control_plane"]
