"""A run of tests ends with what it left out, and fails for that where everything is required."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPING = """
import pytest

@pytest.mark.control_plane
@pytest.mark.parametrize("number", [1, 2])
def test_real(number):
    pytest.skip("the control plane is not built on this machine: run `make control-plane`")

@pytest.mark.skipif(True, reason="only on another system")
def test_elsewhere():
    pass

def test_done():
    pass
"""
NOT_RUN = "Not run: 1 test, only on another system; 2 control-plane tests, `make control-plane` lets them run."


def run(tmp_path: Path, text: str, *options: str, **environment: str) -> tuple[int, str]:
    """The exit code and the last line of a run of these tests."""
    (tmp_path / "test_them.py").write_text(text)
    configuration = tmp_path / "pytest.ini"
    configuration.write_text("[pytest]\nmarkers = control_plane\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.notrun",
        "-c",
        str(configuration),
        str(tmp_path),
        *options,
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MESHDESK", "PYTEST"))}
    done = subprocess.run(command, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()[-1]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "two workers"])
def test_what_was_left_out_is_named_with_what_lets_it_run(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert run(tmp_path, SKIPPING, *options) == (0, NOT_RUN)


def test_where_everything_is_required_it_fails(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPPING, MESHDESK_REQUIRE_ALL="1") == (1, NOT_RUN)


def test_nothing_left_out(tmp_path: Path) -> None:
    text = "def test_done():\n    pass\n"
    assert run(tmp_path, text, MESHDESK_REQUIRE_ALL="1") == (0, "Everything that was chosen was run.")
