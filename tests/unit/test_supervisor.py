"""The supervisor of `meshdesk up` with stand-in children: real processes, real signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from portal.errors import ConfigurationError
from portal.supervisor.lock import Lock

# Runs the plans of its second argument under a supervisor whose folder is its first.
DRIVER = """
import json, sys
from contextlib import closing
from pathlib import Path
from portal.errors import ConfigurationError
from portal.supervisor.child import Plan
from portal.supervisor.lock import Lock
from portal.supervisor.output import Output
from portal.supervisor import watching
from portal.supervisor.watching import Stopping, Supervisor

watching.SETTLED_SECONDS = 1.0
folder, plans = Path(sys.argv[1]), json.loads(sys.argv[2])
try:
    with closing(Lock(folder)) as lock:
        supervisor = Supervisor(Output(), lock, {"FOLDER": str(folder), "PYTHONUNBUFFERED": "1"})
        supervisor.listen(end_with_parent="--end-with-parent" in sys.argv)
        try:
            for name, code in plans.items():
                supervisor.keep(Plan(name, [sys.executable, "-c", code], ends_last=name == "queue"))
            while True:
                supervisor.turn()
        except Stopping:
            print("stopped", flush=True)
        finally:
            supervisor.stop()
except ConfigurationError as error:
    sys.exit(error.sentence)
"""
# What stand-ins do: each writes its process id to a file of its name.
SAY_PID = "import os, pathlib, signal, sys, time; F = pathlib.Path(os.environ['FOLDER']); "
LIVE = SAY_PID + "(F / '{0}').write_text(str(os.getpid())); print('{0} runs'); time.sleep(600)"
STUBBORN = (
    SAY_PID + "signal.signal(signal.SIGTERM, signal.SIG_IGN); (F / '{0}').write_text(str(os.getpid())); time.sleep(600)"
)
PARENT = SAY_PID + (
    "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "(F / '{0}').write_text(str(child.pid)); time.sleep(600)"
)
LOUD = SAY_PID + (
    "[print('x' * 999) for _ in range(5000)]; (F / '{0}').write_text(str(os.getpid()))\n"
    "while True: time.sleep(0.05); print('later')"
)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a supervisor over stand-ins by name; all of it is gone after the test."""
    started: list[subprocess.Popen[str]] = []

    def starting(*options: str, **plans: str) -> subprocess.Popen[str]:
        codes = {name: code.format(name) for name, code in plans.items()}
        command = [sys.executable, "-c", DRIVER, str(tmp_path / "var"), json.dumps(codes), *options]
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        started.append(running)
        return running

    yield starting
    for running in started:
        running.kill()
        running.communicate()


def test_a_child_that_dies_is_started_again(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=LIVE)
    first = pid_of(tmp_path, "web")
    os.kill(first, signal.SIGKILL)
    eventually(lambda: pid_of(tmp_path, "web") != first)
    said = ended(supervisor)
    assert said.count("web      | web runs") == 2
    assert "web was ended by SIGKILL; it is started again in 0.5 s." in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_child_and_what_they_started(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    supervisor = start(queue=LIVE, web=PARENT, worker=STUBBORN)
    pids = [pid_of(tmp_path, name) for name in ("queue", "web", "worker")]
    before = time.monotonic()
    said = ended(supervisor, number)
    assert time.monotonic() - before < 6
    assert supervisor.returncode == 0
    assert "worker took too long to end and is killed." in said
    eventually(lambda: not any(map(runs, pids)))


def test_a_second_signal_does_not_wait(start: Start, tmp_path: Path) -> None:
    supervisor = start(worker=STUBBORN)
    pid = pid_of(tmp_path, "worker")
    before = time.monotonic()
    supervisor.send_signal(signal.SIGINT)
    time.sleep(0.5)
    ended(supervisor, signal.SIGINT)
    assert time.monotonic() - before < 2.5
    assert not runs(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child when its parent is killed")
def test_children_die_with_a_supervisor_that_is_killed(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=LIVE, worker=STUBBORN)
    pids = [pid_of(tmp_path, name) for name in ("web", "worker")]
    supervisor.kill()
    eventually(lambda: not any(map(runs, pids)))


def test_what_a_killed_supervisor_left_is_ended_by_the_next(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=PARENT)
    orphan = pid_of(tmp_path, "web")
    supervisor.kill()
    supervisor.wait()
    assert runs(orphan)
    Lock(tmp_path / "var").close()
    eventually(lambda: not runs(orphan))


def test_a_child_that_keeps_ending_at_the_start_ends_the_run(start: Start) -> None:
    supervisor = start(web="print('no database'); raise SystemExit(3)", queue=LIVE)
    said, _ = supervisor.communicate(timeout=20)
    assert supervisor.returncode == 1
    assert said.count("web      | no database") == 3
    assert "web ended with exit code 3; it is started again in 0.5 s." in said
    assert "`web` keeps ending, see its lines above." in said


def test_a_child_that_ran_well_is_started_again_for_ever(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=LIVE)
    pid_of(tmp_path, "web")
    time.sleep(1.2)
    seen: set[int] = set()
    for _ in range(3):
        eventually(lambda: pid_of(tmp_path, "web") not in seen)
        seen.add(pid_of(tmp_path, "web"))
        os.kill(pid_of(tmp_path, "web"), signal.SIGKILL)
    eventually(lambda: pid_of(tmp_path, "web") not in seen)
    assert supervisor.poll() is None


def test_nobody_has_to_read_what_it_writes(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=LOUD)
    assert runs(pid_of(tmp_path, "web"))
    assert supervisor.stdout is not None
    eventually(lambda: "lines were left out" in str(supervisor.stdout and supervisor.stdout.readline()))


def test_a_reader_who_goes_away_costs_nothing(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=LIVE)
    first = pid_of(tmp_path, "web")
    assert supervisor.stdout is not None
    supervisor.stdout.close()
    os.kill(first, signal.SIGKILL)
    eventually(lambda: pid_of(tmp_path, "web") != first)
    assert supervisor.poll() is None
    supervisor.stdout = None


def test_it_ends_with_its_parent_where_that_is_wanted(tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    plans = json.dumps({"web": LIVE.format("web")})
    command = [sys.executable, str(script), str(tmp_path / "var"), plans, "--end-with-parent"]
    starter = f"import subprocess, time; subprocess.Popen({command!r}); time.sleep(600)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen([sys.executable, "-c", starter], env=environment, stdout=subprocess.DEVNULL)
    pid = pid_of(tmp_path, "web")
    parent.kill()
    parent.wait()
    eventually(lambda: not runs(pid))


def test_one_folder_has_one_run(start: Start, tmp_path: Path) -> None:
    supervisor = start(web=LIVE)
    pid_of(tmp_path, "web")
    with pytest.raises(ConfigurationError) as refusal:
        Lock(tmp_path / "var")
    assert f"(process {supervisor.pid}): end it first" in refusal.value.sentence
    ended(supervisor)
    Lock(tmp_path / "var").close()


def test_the_folder_is_private_unless_it_was_somebody_elses(tmp_path: Path) -> None:
    Lock(tmp_path / "deep" / "var").close()
    assert (tmp_path / "deep" / "var").stat().st_mode & 0o777 == 0o700
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(0o755)
    (theirs / "file").touch()
    Lock(theirs).close()
    assert theirs.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "end what holds it, or choose another one: make run PORT="),
        ({"PORT": "70000"}, "ports end at 65535"),
        ({"HOST": "192.0.2.1", "MESHDESK_LOCAL_SIGN_IN": "off"}, "cannot be used"),
        ({"HOST": "192.0.2.1"}, "for this machine only: use HOST=127.0.0.1, or set MESHDESK_LOCAL_SIGN_IN=off"),
        ({"DATABASE_URL": "postgresql+psycopg://me@192.0.2.1/meshdesk"}, "so it is for SQLite only"),
        ({"MESHDESK_PUBLIC_URL": "https://desk.example.com"}, "so it has no address for others"),
        ({"VAR": "/dev/null/var"}, "name another by VAR"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_a_sentence(
    tmp_path: Path, settings: dict[str, str], sentence: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        own = {"PORT": str(taken.getsockname()[1]), "VAR": str(tmp_path / "var"), **settings}
        result = up(own)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_cluster_is_refused(tmp_path: Path) -> None:
    result = up({"VAR": str(tmp_path / "var")}, cluster="imaginary")
    assert result.returncode == 1
    assert "use practice or real" in result.stderr


UP = """
import sys
from portal.config import Config
from portal.supervisor import up
sys.exit(up(Config.from_env(), **{}))
"""


def up(settings: dict[str, str], **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", UP.format(repr(options))]
    environment = {**os.environ, **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def ended(supervisor: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> str:
    """Send the signal and give all that it wrote."""
    supervisor.send_signal(number)
    return supervisor.communicate(timeout=15)[0]


def pid_of(tmp_path: Path, name: str) -> int:
    """The process id that a stand-in wrote down."""
    path = tmp_path / "var" / name
    eventually(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def runs(pid: int) -> bool:
    """Whether it runs; a process that ended and that nobody collected yet does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return state.strip() != "" and not state.startswith("Z")


def eventually(question: Callable[[], bool], seconds: float = 20) -> None:
    """Return when the answer is yes; fail when it is not within that time."""
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
