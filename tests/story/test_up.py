"""`meshdesk up`, which `make run` is: it sets everything up, stays whole, ends clean and goes on where it stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from portal.embedded import free_port

pytestmark = pytest.mark.story
ROOT = Path(__file__).parents[2]
NAMES = {"member", "owner", "partner", "partner2", "operator", "outsider", "outsider_partner"}
READY = "Meshdesk is ready at "


class Run:
    """One `meshdesk up` that said that it is ready."""

    def __init__(self, folder: Path, process: subprocess.Popen[str], url: str) -> None:
        self.folder, self.process, self.url = folder, process, url

    @property
    def tokens(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "tokens.json").read_text())
        return found

    def call(self, method: str, path: str, *, as_: str = "member", **parts: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[as_]}"}
        answer = requests.request(method, f"{self.url}/api/v1{path}", headers=headers, timeout=20, **parts)
        answer.raise_for_status()
        return answer.json()

    def processes(self) -> dict[int, str]:
        """Its children by process id."""
        found = subprocess.run(
            ["ps", "-A", "-ww", "-o", "ppid=,pid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(maxsplit=2) for line in found.splitlines()]
        return {int(pid): what for parent, pid, what in rows if int(parent) == self.process.pid}


@contextmanager
def running(folder: Path) -> Iterator[Run]:
    """A run on that folder, ended by SIGTERM afterwards, which must be clean and leave no child."""
    environment = {**os.environ, "VAR": str(folder), "PORT": str(free_port())}
    for other in ("DATABASE_URL", "REDIS_URL", "MESHDESK_CLUSTERS"):
        environment.pop(other, None)
    command = [sys.executable, "-m", "portal.cli", "up"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        run = Run(folder, process, _ready(process))
        yield run
        children = run.processes()
        before = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
        assert time.monotonic() - before < 7
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    finally:
        process.kill()
        process.communicate()


def _ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(READY):
            return line.removeprefix(READY).strip()
    raise AssertionError("it ended before it was ready")


def test_it_is_whole_when_it_says_ready_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    with running(folder) as run:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "tokens.json").stat().st_mode & 0o777 == 0o600
        assert run.tokens.keys() >= NAMES
        assert requests.get(f"{run.url}/readyz", timeout=5).status_code == 200
        made = run.call("POST", "/tickets", json=json.loads((ROOT / "examples" / "ask.json").read_text()))
        assert made["ref"] == "MD-1"
        seen = run.tokens
        assert "<code>partner</code>" in signed_in(run, "partner")
    with running(folder) as again:
        assert again.tokens == seen
        assert again.call("GET", "/tickets/MD-1")["ref"] == "MD-1"


def signed_in(run: Run, name: str) -> str:
    """The first page of somebody who pressed a button of the sign-in page."""
    with requests.Session() as browser:
        token = re.search(r'name="form_token" value="(\w+)"', browser.get(f"{run.url}/sign-in", timeout=5).text)
        assert token is not None
        return browser.post(f"{run.url}/sign-in/local", {"form_token": token[1], "name": name}, timeout=5).text


@pytest.mark.parametrize("which", ["valkey-server", "worker --work apply", "worker --work undo", "-m portal.cli serve"])
def test_a_process_that_is_killed_comes_back_and_the_work_goes_on(tmp_path: Path, which: str) -> None:
    with running(tmp_path / "var") as run:
        [pid] = [pid for pid, what in run.processes().items() if which in what]
        os.kill(pid, signal.SIGKILL)
        _eventually(lambda: any(which in what for other, what in run.processes().items() if other != pid))
        _eventually(lambda: _status(f"{run.url}/readyz") == 200)
        made = run.call("POST", "/tickets", json=json.loads((ROOT / "examples" / "ask.json").read_text()))
        path = f"/tickets/{made['ref']}/evidence"
        _eventually(lambda: bool(run.call("GET", path)), seconds=30)


def _status(url: str) -> int:
    try:
        return requests.get(url, timeout=5).status_code
    except requests.ConnectionError:
        return 0


def _eventually(question: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
