"""One running product for each database and cluster, shared by all stories of a run."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.contract.worlds import PracticeWorld
from tests.story.api import Api
from tests.story.pairs import PAIRS
from tests.story.stack import Setting, Stack, running_stack
from tests.story.worlds import REGISTRY, Doors, StoryWorld, held_file


@pytest.fixture(scope="session", params=PAIRS)
def pair(request: pytest.FixtureRequest) -> str:
    """A database and a cluster: `sqlite-practice`."""
    return str(request.param)


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest, pair: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoryWorld]:
    if pair.endswith("practice"):
        folder = tmp_path_factory.mktemp("practice")
        path = folder / "contract.db"
        way = {"practice": str(path)}
        yield StoryWorld(PracticeWorld(folder), Doors(way, way, lambda: held_file(path)))
        return
    # The kubernetes client takes half a second to import: not for runs without a control plane.
    from tests.contract.real_world import READER, WORKER, RealWorld  # noqa: PLC0415

    plane = request.getfixturevalue("control_plane")
    made = RealWorld(plane, f"story-{pair}")
    whole, limited = ({"kubeconfig": str(plane.kubeconfig_for(user))} for user in (WORKER, READER))
    yield StoryWorld(made, Doors(whole, limited, plane.frozen_api_server))
    made.remove()


@pytest.fixture(scope="session")
def running(
    request: pytest.FixtureRequest, pair: str, world: StoryWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The product of a pair; after the last story its whole audit trail must still hold."""
    folder = tmp_path_factory.mktemp("stack")
    url = f"sqlite:///{folder / 'meshdesk.db'}"
    if pair.startswith("postgres"):
        url = request.getfixturevalue("postgres").create(f"story_{os.getpid()}_{pair.replace('-', '_')}")
    registry = REGISTRY.format(namespace=world.namespace)
    with running_stack(folder, Setting(url, world.doors.whole, registry)) as stack:
        yield stack
        proven = stack.run("audit", "verify")
        assert proven.returncode == 0, proven.stdout + proven.stderr


@pytest.fixture
def stack(running: Stack) -> Stack:
    """The product, whole: what the story before killed runs again."""
    running.whole()
    return running


@pytest.fixture
def member(stack: Stack) -> Api:
    return stack.api("member")


@pytest.fixture
def partner(stack: Stack) -> Api:
    return stack.api("partner")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A story that fails shows what the processes said last."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("the product's processes", stack.logs()))
    return report
