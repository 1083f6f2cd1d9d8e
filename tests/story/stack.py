"""The whole product as people run it: web, workers and beat as processes, over HTTP, on any database and cluster."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import requests
import yaml

from portal.access.tokens import issue
from portal.config import Config
from portal.db import Database
from portal.models import Person
from portal.registry import apply as apply_registry
from portal.registry_file import load_registry

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
SETTINGS = {
    "MESHDESK_SHORTEST_WINDOW": "PT1S",
    "MESHDESK_INVENTORY": "PT5S",
    "MESHDESK_BEAT": "PT1S",
    "MESHDESK_LEASE": "PT6S",
    "MESHDESK_CLUSTER_TIMEOUT": "PT3S",
}


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], T], *, within: float, every: float = 0.1, words: str = "it") -> T:
    """The first true value of `what`; fails when there is none within so many seconds."""
    deadline = time.monotonic() + within
    while not (value := what()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{words} did not happen within {within} s")
        time.sleep(every)
    return value


@dataclass
class Stack:
    """One running product. `api(person)` speaks to it as that person."""

    folder: Path
    environ: dict[str, str]
    database: Database
    address: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a process of the product; its output goes to a file of its name."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )

    def start_all(self) -> None:
        """Start web, two workers and beat, and wait until the web answers."""
        self.start("web", "portal.cli", "serve")
        self.start("apply", "workers", "worker", "--work", "apply", "--work", "sweep")
        self.start("undo", "workers", "worker", "--work", "undo")
        self.start("beat", "workers", "beat")
        until(self._answers, within=30, words="an answer of the web process")
        until(self._sees_its_cluster, within=30, words="the first inventory")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.address}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def _sees_its_cluster(self) -> bool:
        seen = self.api("operator").get("/clusters").json()
        return all(cluster["seen_at"] for cluster in seen["items"])

    def kill(self, name: str) -> None:
        """Kill a process as a machine that loses power would."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def stop(self) -> None:
        """End every process."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.database.dispose()

    def api(self, person: str) -> Api:
        """The API as this person uses it."""
        return Api(self.address, self.tokens[person])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a `meshdesk` command to its end in the product's environment."""
        words = [sys.executable, "-m", "portal.cli", *command]
        return subprocess.run(words, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)

    def logs(self) -> str:
        """The last lines of every process, for a failure's report."""
        return "\n".join(
            f"--- {path.stem}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-25:])
            for path in sorted(self.folder.glob("*.log"))
        )


class Api:
    """The REST API with one person's token."""

    def __init__(self, address: str, token: str) -> None:
        self.address = f"{address}/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: str) -> requests.Response:
        """GET a path below /api/v1."""
        return self.session.get(self.address + path, params=query, timeout=70)

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> requests.Response:
        """POST JSON to a path below /api/v1."""
        return self.session.post(self.address + path, json=body or {}, headers=headers, timeout=30)

    def ticket(self, ref: str) -> dict[str, Any]:
        """One ticket; fails unless it answers 200."""
        answer = self.get(f"/tickets/{ref}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ask(self, **changes: Any) -> dict[str, Any]:
        """Ask for what `asking` gives, changed; fails unless it answers 201."""
        answer = self.post("/tickets", asking(**changes))
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def decide(self, ref: str, decision: str = "approve", note: str = "seen") -> requests.Response:
        """Decide on what the ticket says now."""
        seen = self.get(f"/tickets/{ref}")
        headers = {"If-Match": seen.headers["ETag"]}
        return self.post(f"/tickets/{ref}/decisions", {"decision": decision, "note": note}, **headers)

    def until(self, ref: str, *states: str, within: float = 30) -> dict[str, Any]:
        """The ticket once it is in one of the states."""
        return until(lambda: self._in(ref, states), within=within, words=f"{ref} becoming {' or '.join(states)}")

    def _in(self, ref: str, states: tuple[str, ...]) -> dict[str, Any] | None:
        found = self.ticket(ref)
        return found if found["state"] in states else None

    def until_clean(self, ref: str) -> dict[str, Any]:
        """The ticket once its preflight is attached and clean."""

        def clean() -> dict[str, Any] | None:
            found = self.ticket(ref)
            return found if found["preflight"] and found["preflight"]["clean"] else None

        return until(clean, within=10, words=f"a clean preflight of {ref}")


def asking(**changes: Any) -> dict[str, Any]:
    """The issue's own request, with `changes` to the envelope or (by the same names) to the fields."""
    fields = {
        "workloads": ["deployment/emoji", "deployment/voting"],
        "mode": "skip-ports",
        "inbound": "8080,9000-9010",
        "outbound": "",
        "application_encryption": {"encrypted": True, "how": "TLS 1.3 in the server, certificate of the tenant"},
    }
    envelope: dict[str, Any] = {
        "kind": "encryption-exception",
        "cluster": "practice",
        "namespace": "emojivoto",
        "duration": "PT30M",
        "reason": "vendor protocol breaks behind a proxy",
    }
    envelope.update({key: value for key, value in changes.items() if key not in fields})
    fields.update({key: value for key, value in changes.items() if key in fields})
    return {**envelope, "fields": fields}


@dataclass(frozen=True)
class Setting:
    """What a product runs on: its servers, how each cluster is reached, and its registry."""

    database_url: str
    redis_url: str
    access: dict[str, dict[str, str]]
    registry: str


@contextmanager
def running_stack(folder: Path, setting: Setting) -> Iterator[Stack]:
    """A product that runs; every process ends with the block."""
    clusters = folder / "clusters.yaml"
    clusters.write_text(yaml.safe_dump(setting.access))
    port = free_port()
    environ = {
        **os.environ,
        **SETTINGS,
        "VAR": str(folder),
        "PORT": str(port),
        "DATABASE_URL": setting.database_url,
        "REDIS_URL": setting.redis_url,
        "MESHDESK_CLUSTERS": str(clusters),
    }
    database = Database(Config.from_env(environ).database)
    stack = Stack(folder, environ, database, f"http://127.0.0.1:{port}")
    subprocess.run([sys.executable, "-m", "portal.cli", "db", "upgrade"], cwd=ROOT, env=environ, check=True)
    _fill(stack, setting.registry)
    try:
        stack.start_all()
        yield stack
    except BaseException as failure:
        failure.add_note(stack.logs())
        raise
    finally:
        stack.stop()


def _fill(stack: Stack, registry: str) -> None:
    now = datetime.now(UTC)
    with stack.database.unit_of_work() as session:
        apply_registry(session, load_registry(registry, "registry.yaml"), by="test", now=now)
        session.flush()
        for person in session.query(Person):
            stack.tokens[person.name] = issue(session, person=person.name, name="story", now=now, lifetime=None)
