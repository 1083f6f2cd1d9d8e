"""Building the control plane: once per version, whole or not at all, one at a time; and what tests do without it."""

from __future__ import annotations

import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.controlplane import build as building
from tests.controlplane.build import PROGRAM, SOURCE, build, build_key, cache_root, cached_program
from tests.controlplane.fixtures import require_build
from tests.controlplane.toolchain import BuildError, find_go, go_version, wanted_version

COUNTING_GO = """#!/bin/sh
[ "$1" = version ] && { echo "go version go1.99.1 test/test"; exit 0; }
echo built >> "$COUNT"
while [ "$1" != -o ]; do shift; done
sleep 0.2
echo program > "$2"
"""
FAILING_GO = """#!/bin/sh
[ "$1" = version ] && { echo "go version go1.99.1 test/test"; exit 0; }
echo "main.go:1: no such thing" >&2
exit 1
"""


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def use_go(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bin" / "go"
    program.parent.mkdir()
    program.write_text(script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_the_key_follows_what_is_built(tmp_path: Path) -> None:
    copy = tmp_path / "program"
    shutil.copytree(SOURCE, copy)
    assert build_key(copy) == build_key()
    (copy / "main.go").write_text((SOURCE / "main.go").read_text() + "\n")
    assert build_key(copy) != build_key()


def test_two_builds_at_once_build_once_and_leave_nothing_unfinished(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = empty_cache / "count"
    monkeypatch.setenv("COUNT", str(count))
    use_go(empty_cache, COUNTING_GO, monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: build(), range(2))
    assert first == second == cached_program() == cache_root() / build_key() / PROGRAM
    assert count.read_text() == "built\n"
    assert [path.name for path in first.parent.iterdir()] == [PROGRAM]


def test_a_failed_build_says_what_go_said_and_is_not_taken_for_a_build(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_go(empty_cache, FAILING_GO, monkeypatch)
    with pytest.raises(BuildError, match="no such thing"):
        build()
    assert cached_program() is None


def test_the_command_says_why_it_failed(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_go(empty_cache, FAILING_GO, monkeypatch)
    assert building.main() == 1
    assert "no such thing" in capsys.readouterr().err


def test_an_old_go_is_passed_over(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_go(empty_cache, "#!/bin/sh\necho go version go1.21.3 test/test\n", monkeypatch)
    newer = empty_cache / "venv" / "bin" / "go"
    newer.parent.mkdir(parents=True)
    newer.write_text(COUNTING_GO)
    newer.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(empty_cache / "venv"))
    assert find_go(SOURCE / "go.mod", empty_cache) == str(newer)


def test_versions_compare_as_numbers(tmp_path: Path) -> None:
    assert wanted_version(SOURCE / "go.mod") >= (1, 26)
    assert go_version(str(tmp_path / "missing")) == ()
    assert (1, 9) < (1, 26, 0) < (1, 26, 8)


def test_without_a_build_tests_are_skipped_with_the_command_that_helps(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="make control-plane"):
        require_build()


def test_in_ci_a_missing_build_is_a_failure(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="make control-plane"):
        require_build()
