"""The whole product as people run it: web, workers and beat as real processes, on any database and cluster."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
import yaml

from portal.access.tokens import issue
from portal.config import Config
from portal.db import Database
from portal.embedded import Valkey
from portal.migrating import Migrations
from portal.models import Person
from portal.registry import apply as apply_registry
from portal.registry.file import load_registry
from tests.story.api import Api, until

ROOT = Path(__file__).parents[2]
# Shorter than the product's own, so that stories do not wait; the promises are longer than both.
QUICK = {
    "MESHDESK_SHORTEST_WINDOW": "PT1S",
    "MESHDESK_INVENTORY": "PT5S",
    "MESHDESK_BEAT": "PT1S",
    "MESHDESK_LEASE": "PT4S",
    "MESHDESK_CLUSTER_TIMEOUT": "PT2S",
}
PROCESSES = {
    "web": ("portal.cli", "serve"),
    "apply": ("portal.cli", "worker", "--work", "apply,look,sweep"),
    "undo": ("portal.cli", "worker", "--work", "undo"),
    "beat": ("portal.cli", "beat"),
}
Access = Mapping[str, str]


def free_port() -> int:
    """A port of the loopback address that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stack:
    """One running product. `api(person)` speaks to it as that person."""

    folder: Path
    environ: dict[str, str]
    database: Database
    address: str
    queue: Valkey
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a process of the product, by its own name or with another's command; its output goes to NAME.log."""
        words = [sys.executable, "-m", *(command or PROCESSES[name])]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(words, cwd=ROOT, env=self.environ, stdout=log, stderr=log)

    def whole(self) -> None:
        """Have every process run, and wait until the web answers and has seen its cluster."""
        if not self.queue.plan.answers():
            self.queue.start()
        for name in PROCESSES:
            if name not in self.processes or self.processes[name].poll() is not None:
                self.start(name)
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

    def end(self, name: str) -> None:
        """Ask a process to end, and wait until it has; one that does not is killed. `ended` has how it ended."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            self.ended[name] = process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            self.ended[name] = process.wait()

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Inside, that process does not run; it was asked to end."""
        self.end(name)
        try:
            yield
        finally:
            self.start(name)

    @contextmanager
    def besides(self, **names: str) -> Iterator[None]:
        """Inside, second processes run beside the first: `besides(apply2="apply")`."""
        for name, of in names.items():
            self.start(name, *PROCESSES[of])
        try:
            yield
        finally:
            for name in names:
                self.end(name)

    @contextmanager
    def reaching(self, access: Access) -> Iterator[None]:
        """Inside, workers reach the cluster in another way; they read the file at each call."""
        before = self._clusters.read_text()
        self._write_access(access)
        try:
            yield
        finally:
            self._clusters.write_text(before)

    @property
    def _clusters(self) -> Path:
        return self.folder / "clusters.yaml"

    def _write_access(self, access: Access) -> None:
        # No container runs there, and addresses that kwok gives to pods may be those of other machines.
        entry = {**access, "probe": {"enabled": False}}
        self._clusters.write_text(yaml.safe_dump({"practice": entry}))

    def stop(self) -> None:
        """End every process."""
        for process in self.processes.values():
            process.terminate()
        for name in list(self.processes):
            self.end(name)
        self.queue.stop()
        self.database.dispose()

    def api(self, person: str) -> Api:
        """The API as this person uses it."""
        return Api(self.address, self.tokens[person])

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a `meshdesk` command to its end in the product's environment."""
        words = [sys.executable, "-m", "portal.cli", *command]
        return subprocess.run(words, cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False)

    def prepare(self, access: Access, registry: str) -> None:
        """Make the database, the registry, everybody's token and the workers' access file."""
        self._write_access(access)
        with Migrations(str(self.environ["DATABASE_URL"])) as migrations:
            migrations.upgrade()
        now = datetime.now(UTC)
        with self.database.unit_of_work() as session:
            apply_registry(session, load_registry(registry, "registry.yaml"), by="test", now=now)
            session.flush()
            for person in session.query(Person):
                self.tokens[person.name] = issue(session, person=person.name, name="story", now=now, lifetime=None)

    def logs(self) -> str:
        """The last lines of every process, without requests that went well, for a failure's report."""
        return "\n".join(f"--- {path.stem}\n{_last_words(path)}" for path in sorted(self.folder.glob("*.log")))


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if '"message": "request", "method": "GET"' not in line][-25:])


@dataclass(frozen=True)
class Setting:
    """What a product runs on: its database, how its cluster is reached, its registry, and its settings."""

    database_url: str
    access: Access
    registry: str
    settings: Mapping[str, str] = field(default_factory=lambda: QUICK)


@contextmanager
def running_stack(folder: Path, setting: Setting) -> Iterator[Stack]:
    """A product that runs; every process ends with the block."""
    port, queue = free_port(), Valkey()
    environ = {
        **os.environ,
        **setting.settings,
        "VAR": str(folder),
        "PORT": str(port),
        "DATABASE_URL": setting.database_url,
        "REDIS_URL": queue.url,
        "MESHDESK_CLUSTERS": str(folder / "clusters.yaml"),
    }
    database = Database(Config.from_env(environ).database)
    stack = Stack(folder, environ, database, f"http://127.0.0.1:{port}", queue)
    try:
        stack.prepare(setting.access, setting.registry)
        stack.whole()
        yield stack
    except BaseException as failure:
        failure.add_note(stack.logs())
        raise
    finally:
        stack.stop()
