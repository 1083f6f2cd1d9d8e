"""The foreground command and the lives of its children: what `make run CLUSTER=real` rests on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.controlplane.client import Client, wait_for
from tests.controlplane.fixtures import require_build

pytestmark = pytest.mark.control_plane

ROOT = Path(__file__).parents[2]
# Starts etcd alone as a child of the harness and says its process id.
ONE_CHILD = """
import sys, time
from pathlib import Path
from tests.controlplane.harness import ControlPlane
plane = ControlPlane(Path(sys.argv[1]))
plane._children["etcd"].start()
print(plane.pids()["etcd"], flush=True)
time.sleep(60)
"""


@contextmanager
def running(directory: Path) -> Iterator[dict[str, str]]:
    """`up` until the end of the block, which must end it cleanly within seconds."""
    command = [sys.executable, "-m", "tests.controlplane", "up", "--dir", str(directory)]
    ready = directory / "ready.json"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            wait_for(lambda: ready.exists() or process.poll() is not None, "ready", seconds=60)
            yield json.loads(ready.read_text())
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)
    assert process.returncode == 0
    assert not ready.exists()


def test_up_fills_a_cluster_and_finds_it_again_as_people_left_it(tmp_path: Path) -> None:
    require_build()
    with running(tmp_path) as first:
        client = Client(Path(first["kubeconfig"]))
        assert {"emojivoto", "books", "payments"} <= {entry["metadata"]["name"] for entry in client.list("Namespace")}
        client.patch("Deployment", "web", "emojivoto", {"spec": {"replicas": 2}})
        client.close()
    with running(tmp_path) as second:
        client = Client(Path(second["kubeconfig"]))
        assert client.get("Deployment", "web", "emojivoto")["spec"]["replicas"] == 2
        client.close()
    assert {**first, "pid": 0} == {**second, "pid": 0}


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    require_build()
    command = [sys.executable, "-c", ONE_CHILD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.kill()
    wait_for(lambda: not is_alive(child), "etcd gone", seconds=10)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended and was not yet collected by anybody does not."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text() if Path("/proc/self").exists() else ") R"
    except (ProcessLookupError, FileNotFoundError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
