"""One running product for each database and cluster, shared by the stories of a module."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.contract.worlds import PracticeWorld
from tests.story.stack import Setting, Stack, running_stack
from tests.story.worlds import REGISTRY, StoryWorld

DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
CLUSTERS = ["practice", pytest.param("real", marks=pytest.mark.control_plane)]


@pytest.fixture(scope="module", params=DATABASES)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=CLUSTERS)
def world(
    request: pytest.FixtureRequest, database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoryWorld]:
    if request.param == "practice":
        folder = tmp_path_factory.mktemp("practice")
        yield StoryWorld(PracticeWorld(folder), {"practice": str(folder / "contract.db")})
        return
    # The kubernetes client takes half a second to import: not for runs without a control plane.
    from tests.contract.real_world import WORKER, RealWorld  # noqa: PLC0415

    plane = request.getfixturevalue("control_plane")
    made = RealWorld(plane, f"story-{database_kind}-{request.module.__name__.rpartition('_')[2]}")
    yield StoryWorld(made, {"kubeconfig": str(plane.kubeconfig_for(WORKER))})
    made.remove()


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest,
    world: StoryWorld,
    database_kind: str,
    valkey_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    url = f"sqlite:///{folder / 'meshdesk.db'}"
    if database_kind == "postgres":
        # Not the module's database: a second product, on another cluster, must not find the first one's tickets.
        url = request.getfixturevalue("postgres").create(f"story_{os.getpid()}_{world.namespace.replace('-', '_')}")
    registry = REGISTRY.format(namespace=world.namespace)
    with running_stack(folder, Setting(url, valkey_url, {"practice": world.access}, registry)) as running:
        yield running
