"""Real Prometheus servers for tests: Debian's program on a loopback port, with samples that are there from the start.

A pytest plugin, loaded by tests/conftest.py. MESHDESK_TEST_PROMETHEUS names the program where it is not found by
itself; promtool stands beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.embedded import free_port
from tests.samples import WORLD, Traffic, openmetrics

GIVEN = "MESHDESK_TEST_PROMETHEUS"
WITHOUT = f"no Prometheus: `apt-get install prometheus`, or {GIVEN} with the program's path, lets them run"
PATIENCE = 60.0


@dataclass(frozen=True)
class Server:
    """A running server, and the moment around which its samples are."""

    url: str
    now: int


def program() -> Path | None:
    """The path of the server; None where there is none."""
    found = os.environ.get(GIVEN) or shutil.which("prometheus")
    return Path(found) if found else None


@contextmanager
def running(folder: Path, world: Iterable[Traffic], *, web: Path | None = None) -> Iterator[Server]:
    """A server of this world; `web` is its --web.config.file, and makes it one of https. Skips where there is none."""
    path = program()
    if path is None:
        pytest.skip(WITHOUT)
    now, data, port = int(time.time()), folder / "data", free_port()
    _fill(path, folder, world, now)
    (folder / "prometheus.yml").write_text("scrape_configs: []\n")
    words = ["--config.file", str(folder / "prometheus.yml"), "--storage.tsdb.path", str(data)]
    words += ["--web.listen-address", f"127.0.0.1:{port}", *(["--web.config.file", str(web)] if web else [])]
    with (folder / "log").open("wb") as log, subprocess.Popen([path, *words], stdout=log, stderr=log) as process:
        try:
            _wait(port, process, folder / "log")
            yield Server(f"{'https' if web else 'http'}://127.0.0.1:{port}", now)
        finally:
            process.terminate()


def _fill(path: Path, folder: Path, world: Iterable[Traffic], now: int) -> None:
    with (folder / "samples").open("w") as file:
        file.writelines(openmetrics(world, now))
    words = ["tsdb", "create-blocks-from", "openmetrics", str(folder / "samples"), str(folder / "data")]
    subprocess.run([path.with_name("promtool"), *words], check=True, capture_output=True)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up and process.poll() is None:
        # It says so also to who does not sign in, and by whichever certificate.
        if "Server is ready to receive web requests" in log.read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"Prometheus on port {port} did not come up: {log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an hour of WORLD, that anybody may ask."""
    with running(tmp_path_factory.mktemp("prometheus"), WORLD) as server:
        yield server
