"""A control plane that only these tests use: an unavailable tap API hangs the namespaces of everybody beside."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.db import Database
from tests.controlplane.fixtures import require_build, slug, started
from tests.controlplane.harness import ControlPlane
from tests.controlplane.programs import Settings
from tests.controlplane.tap import Tap, may_listen
from tests.viz.scene import RealDesk

RANGE = "127.97.0.0/16"


@pytest.fixture(scope="session")
def own_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running control plane with Linkerd's settings and the stand-in injector."""
    require_build()
    if not may_listen():
        pytest.skip("this user may not listen on port 443 of loopback, where tap's Service is")
    with started(ControlPlane(tmp_path_factory.mktemp("viz-plane"), Settings(service_range=RANGE))) as plane:
        yield plane


@pytest.fixture(scope="session")
def tap(own_plane: ControlPlane) -> Iterator[Tap]:
    """The stand-in for tap and its injector, at work."""
    made = Tap(own_plane)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def real(
    own_plane: ControlPlane, tap: Tap, request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path
) -> Iterator[RealDesk]:
    """A desk whose workers have the rights of deploy/, and two tenants' namespaces; nothing of Viz is left after it."""
    database = Database(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path)}")
    made = RealDesk(own_plane, tap, database, slug(request.node.name, longest=30))
    try:
        yield made
    finally:
        made.remove()
        database.dispose()
