"""The servers that tests and `meshdesk up` start are real, private and leave nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis
from sqlalchemy import inspect

from portal.db import Base, Database
from portal.embedded import Valkey

HOLDER = """
import sys, time
from portal.embedded import Valkey
server = Valkey()
server.start()
print(server._process.pid, flush=True)
time.sleep(60)
"""


def test_valkey_answers_only_with_its_password() -> None:
    with Valkey() as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
            assert client.config_get("save") == {"save": ""}
        with socket.create_connection(("127.0.0.1", server.plan.port), timeout=5) as stranger:
            stranger.sendall(b"PING\r\n")
            assert stranger.recv(100).startswith(b"-NOAUTH")
    assert not server.plan.answers()


def test_valkey_keeps_its_password_out_of_the_list_of_processes() -> None:
    with Valkey() as server:
        assert server.plan.password not in " ".join(server.plan.command)


def test_a_killed_valkey_comes_back_empty_at_the_same_address() -> None:
    with Valkey() as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("message", "1")
        server.kill()
        assert not server.plan.answers()
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("message") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a child when its parent is killed")
def test_valkey_dies_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as output:
        child = int(output.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 5
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(child)


def test_every_database_is_migrated_empty_and_new(database_url: str) -> None:
    database = Database(database_url)
    try:
        assert set(Base.metadata.tables) <= set(inspect(database.engine).get_table_names())
    finally:
        database.dispose()


def _runs(pid: int) -> bool:
    """Whether it runs; a process that ended and that nobody collected yet does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
