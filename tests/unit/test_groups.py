"""Which tests stay together in one process where several share them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.groups import CONTROL_PLANE, OWN_PLANE, group

STORY = "tests/story/test_people.py::test_a_renewal_leaves_no_gap"
RANDOM = "tests/workers/test_random_schedules.py::test_whatever_the_schedule_the_cluster_ends_as_it_began"

KILLED = "tests/workers/test_viz_killed.py::test_killed_after_any_step_of_the_removal"
ROOT = Path(__file__).parents[2]
FIXTURE = """
import pytest

@pytest.fixture(scope="session")
def product(request):
    log = request.config.rootpath / "log"
    with log.open("a") as told:
        print("starts", file=told)
    yield log
    with log.open("a") as told:
        print("ends", file=told)
"""
STORIES = """
import pytest

@pytest.mark.story
@pytest.mark.parametrize("pair", ["sqlite-practice", "sqlite-practice-again"])
def test_a_story(product, pair):
    assert product.read_text() == "starts\\n"
"""
AFTERWARDS = """
def test_what_comes_after(request):
    assert (request.config.rootpath / "log").read_text() == "starts\\nends\\n"
"""


@pytest.mark.parametrize(
    ("nodeid", "meant"),
    [
        ("tests/contract/test_cluster.py::test_long_lists_are_whole[practice]", CONTROL_PLANE),
        ("tests/controlplane/test_up.py::test_it_ends", CONTROL_PLANE),
        (f"{STORY}[postgres-real]", CONTROL_PLANE),
        (f"{STORY}[sqlite-real-3]", CONTROL_PLANE),
        (f"{STORY}[3-sqlite-practice]", "sqlite-practice"),
        (f"{STORY}[postgres-practice]", "postgres-practice"),
        ("tests/story/test_up.py::test_it_comes_back[worker --work undo]", "tests/story/test_up.py"),
        ("tests/viz/test_reaping.py::test_nothing_is_left", OWN_PLANE),
        (f"{RANDOM}[3]", f"{RANDOM}[3]"),
        (f"{KILLED}[3-sqlite]", f"{KILLED}[3-sqlite]"),
        ("tests/unit/test_docs.py::test_links_lead_somewhere[docs/a::b.md]", "tests/unit/test_docs.py"),
    ],
)
def test_what_shares_a_server_shares_a_process(nodeid: str, meant: str) -> None:
    assert group(nodeid) == meant


def test_a_product_ends_with_the_last_test_of_its_group(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(FIXTURE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = story\n    control_plane\n")
    for path, text in {"tests/story/test_it.py": STORIES, "tests/test_later.py": AFTERWARDS}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", "--dist", "loadscope", "--no-loadscope-reorder"]
    found = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "-p", "tests.groups", "-p", "no:valkey"],
        cwd=tmp_path,
        env={**found, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout + done.stderr
