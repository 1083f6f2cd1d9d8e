"""What every test may use: servers, what a run makes once, and the one real control plane of a run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.controlplane.fixtures import control_plane

pytest_plugins = [
    *("tests.servers", "tests.prometheus", "tests.shared", "tests.chromium"),
    *("tests.groups", "tests.thrift", "tests.notrun", "tests.renderings"),
]

# How long it takes to think up an example says how busy the machine is, and nothing about the product.
settings.register_profile("suite", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("suite")

__all__ = ["control_plane"]
