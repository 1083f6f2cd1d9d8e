"""The web process as a process: what it imports, that it serves, and that it stops when told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from portal.config import Config
from tests import world

SERVE = "from portal.config import Config; from portal.server import serve; serve(Config.from_env())"


def test_the_web_process_never_imports_kubernetes_or_the_workers(tmp_path: Path) -> None:
    check = (
        "import sys; from portal import create_app; create_app();"
        "print([name for name in sys.modules if name.split('.')[0] in ('kubernetes', 'workers')])"
    )
    environ = {**os.environ, "VAR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", check], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_rest_of_the_portal_does_not_import_flask(tmp_path: Path) -> None:
    check = "import sys, portal.tickets.asking; print('flask' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def server(config: Config) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The real server in a process of its own: its address, and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"VAR": str(config.var), "DATABASE_URL": config.database_url, "PORT": str(port)}
    settings["MESHDESK_WEB_THREADS"] = str(config.web_threads)
    with (config.var / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", SERVE], env={**os.environ, **settings}, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(url)
        yield url, process
    finally:
        process.terminate()
        process.wait(timeout=15)


def wait_until_up(url: str) -> None:
    """Return when the server answers."""
    for _ in range(100):
        try:
            requests.get(f"{url}/healthz", timeout=1)
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not come up")


def submitted(url: str) -> str:
    """The address of a new ticket."""
    answer = requests.post(f"{url}/api/v1/tickets", json=world.ask(), headers=world.bearer("member"), timeout=5)
    assert answer.status_code == 201, answer.text
    return f"{url}{answer.headers['Location']}"


def test_waiting_requests_leave_room_for_others(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    ticket = submitted(server[0])

    def wait() -> None:
        requests.get(f"{ticket}?wait=active&timeout=4", headers=world.bearer("member"), timeout=10)

    waiters = [threading.Thread(target=wait) for _ in range(8)]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert requests.get(ticket, headers=world.bearer("member"), timeout=5).status_code == 200
    assert time.monotonic() - began < 1.5
    for waiter in waiters:
        waiter.join()


def test_every_line_of_the_log_is_json(server: tuple[str, subprocess.Popen[bytes]], config: Config) -> None:
    requests.get(f"{server[0]}/api/v1/me", headers={"X-Request-ID": "story-1"}, timeout=5)
    lines = [json.loads(line) for line in (config.var / "server.log").read_text().splitlines()]
    assert any("Listening at" in line["message"] for line in lines)
    assert [line["status"] for line in lines if line.get("request_id") == "story-1"] == [401]


def test_a_body_of_10_mb_is_answered_through_the_real_server(server: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, big = f"{server[0]}/api/v1/tickets", b'{"reason": "' + b"x" * 10_000_000 + b'"}'
    headers = {**world.bearer("member"), "Content-Type": "application/json"}
    answer = requests.post(address, data=big, headers=headers, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_soon_and_answers_who_waits(
    server: tuple[str, subprocess.Popen[bytes]], how: signal.Signals
) -> None:
    url, process = server
    ticket, answers = submitted(url), []

    def wait() -> None:
        answers.append(requests.get(f"{ticket}?wait=active&timeout=60", headers=world.bearer("member"), timeout=70))

    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(0.7)
    began = time.monotonic()
    process.send_signal(how)
    assert process.wait(timeout=15) == 0
    assert time.monotonic() - began < 8
    waiter.join(timeout=5)
    if how is signal.SIGTERM:
        assert answers[0].headers["Meshdesk-Waited"] == "timeout"
