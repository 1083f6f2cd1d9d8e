"""The command as a whole: quick to start, told by its help, plain where nobody looks."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import pytest

from portal.cli.root import ACCESS, DECIDING, HELPING, KNOWING, OPERATING, PEOPLE, meshdesk
from tests.cli.conftest import Run
from tests.cli.serving import Served

ROOT = Path(__file__).parents[2]
HEAVY = {"sqlalchemy", "celery", "kubernetes", "flask", "alembic", "marshmallow"}
ALL = {**PEOPLE, **DECIDING, **KNOWING, **ACCESS, **HELPING, **OPERATING}


def test_peoples_commands_import_nothing_of_the_server() -> None:
    names = [*PEOPLE, *DECIDING, *KNOWING, *ACCESS, *HELPING]
    script = (
        "import sys, json\n"
        "from portal.cli.root import meshdesk\n"
        f"for name in {names!r}: meshdesk.get_command(None, name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(done.stdout))


def test_the_help_imports_no_command() -> None:
    script = (
        "import sys; from portal.cli.root import meshdesk\n"
        "try: meshdesk(['--help'])\n"
        "finally: sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stderr.split()
    assert "portal.cli.root" in loaded
    assert not {"requests", "portal.cli.reading", "portal.config"} & set(loaded)


@pytest.mark.parametrize("name", ALL)
def test_every_command_loads_and_has_help(run: Run, name: str) -> None:
    command = meshdesk.get_command(click.Context(meshdesk), name)
    assert command is not None
    assert command.name == name
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: meshdesk {name}" in result.output


def test_an_unknown_command_is_a_wrong_call(run: Run) -> None:
    assert run("aprove").exit_code == 2


@pytest.mark.parametrize(("variable", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_on_a_terminal_that_wants_them(
    served_desk: Served, tmp_path: Path, variable: dict[str, str], coloured: bool
) -> None:
    served_desk.desk.submitted()
    environ = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "portal.cli", "list", "--as", "member"]
    subprocess.run(words, cwd=ROOT, env={**environ, "VAR": str(tmp_path), **variable}, stdout=theirs, check=True)
    os.close(theirs)
    output = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "pending" in output
    assert ("\x1b[" in output) is coloured


def test_the_worker_command_becomes_a_worker() -> None:
    words = [sys.executable, "-m", "portal.cli", "worker", "--cluster", "practice", "--queues", "apply,nonsense"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "python -m workers worker" in done.stderr
    assert "nonsense" in done.stderr


def test_the_plugin_calls_itself_as_kubectl_does(tmp_path: Path) -> None:
    plugin = tmp_path / "kubectl-meshdesk"
    plugin.write_text("from portal.cli import main\nmain()\n")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(plugin), "-h"], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: kubectl meshdesk [OPTIONS] COMMAND")
