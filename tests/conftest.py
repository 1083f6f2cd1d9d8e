"""What every test may use: the servers of tests/servers.py, and the one real control plane of a run."""

from __future__ import annotations

from tests.controlplane.fixtures import control_plane

pytest_plugins = ["tests.servers", "tests.notrun", "tests.renderings"]

__all__ = ["control_plane"]
