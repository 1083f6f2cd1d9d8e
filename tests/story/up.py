"""One `meshdesk up`, which `make run` is, in a folder of its own: what it says, its tokens, its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from portal.embedded import free_port

ROOT = Path(__file__).parents[2]
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
def running(folder: Path, **settings: str) -> Iterator[Run]:
    """A run on that folder, ended by SIGTERM afterwards, which must be clean and leave no child."""
    environment = {**os.environ, **settings, "VAR": str(folder), "PORT": str(free_port())}
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
