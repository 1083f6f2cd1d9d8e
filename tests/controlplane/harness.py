"""Runs one real control plane on loopback: etcd, API server, controller manager, scheduler, and kwok for the kubelets.

The pytest fixtures and `python -m tests.controlplane up` start one; tests stop and start its API server.
"""

from __future__ import annotations

import contextlib
import signal
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from tests.controlplane import programs
from tests.controlplane.build import COMMAND, cached_program
from tests.controlplane.client import Client
from tests.controlplane.layout import ADMINS, CannotStartError, Layout
from tests.controlplane.processes import Child
from tests.controlplane.programs import Settings

START_SECONDS = 90.0
API_SERVER = "kube-apiserver"
FOLLOWERS = ("kube-controller-manager", "kube-scheduler", "kwok")
DEFAULTS = Settings()


class ControlPlane:
    """One control plane under `directory`. Started again over the same directory it has the same data and addresses."""

    def __init__(self, directory: Path, settings: Settings = DEFAULTS, *, program: Path | None = None) -> None:
        found = program or cached_program()
        if found is None:
            raise CannotStartError(f"The control plane is not built on this machine: run `{COMMAND}`.")
        self.settings = settings
        self.layout = Layout(directory)
        self._children = {
            command[0]: Child([str(found), *command], self.layout.logs / f"{command[0]}.log")
            for command in self._commands()
        }

    @property
    def directory(self) -> Path:
        """Where it keeps everything; logs are in logs/ below it."""
        return self.layout.directory

    @property
    def server(self) -> str:
        """The address of the API server."""
        return self.layout.server

    @property
    def admin_kubeconfig(self) -> Path:
        """An access file that may do everything (group system:masters)."""
        return self.layout.kubeconfig_for("admin", [ADMINS], file_name="admin")

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """An access file for that user; it may do nothing until a test grants it something (see trouble.grant)."""
        return self.layout.kubeconfig_for(user, groups)

    @cached_property
    def client(self) -> Client:
        """The administrator's client; the API server must have been ready once."""
        return Client(self.admin_kubeconfig)

    def start(self) -> None:
        """Start all five and return when pods can be scheduled and served. CannotStartError says what failed."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all five; what is stored stays in the directory."""
        # Nothing but etcd has anything to write down.
        for name in (*FOLLOWERS, API_SERVER):
            self._children[name].end()
        self._children["etcd"].end(patience=3)
        if "client" in self.__dict__:
            self.client.close()
            del self.client

    def stop_api_server(self) -> None:
        """Kill the API server; the others stay, and connections to it are refused from now on."""
        self._children[API_SERVER].end()

    def start_api_server(self) -> None:
        """Start the API server again on the same port and return when it is ready.

        Controllers, scheduler and kwok are started afresh: by their own backoff they would come back up to a minute
        later, and every test of an outage would wait for it.
        """
        self._serve_api()
        for name in FOLLOWERS:
            self._children[name].end()
            self._children[name].start()

    @contextlib.contextmanager
    def frozen_api_server(self) -> Iterator[None]:
        """Inside, the API server accepts connections and answers nothing: what a call's timeout is for."""
        self._children[API_SERVER].send(signal.SIGSTOP)
        try:
            # The signal is only on its way: an answer may still come on a busy machine.
            self._until(lambda: not self.ready(), API_SERVER)
            yield
        finally:
            self._children[API_SERVER].send(signal.SIGCONT)

    def ready(self) -> bool:
        """Whether the API server says that it is ready (within a second)."""
        request = urllib.request.Request(f"{self.server}/readyz")
        try:
            with self._opener.open(request, timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def revive(self) -> list[str]:
        """Start again whatever ended by itself or was killed from outside; the names of those."""
        fallen = [child for child in self._children.values() if child.started and not child.alive]
        for child in fallen:
            child.end()
            child.start()
        return [child.name for child in fallen]

    def pids(self) -> dict[str, int]:
        """The process ids by program name, for measuring."""
        return {name: child.pid for name, child in self._children.items() if child.pid is not None}

    def _commands(self) -> list[list[str]]:
        layout = self.layout
        return [
            programs.etcd(layout),
            programs.api_server(layout, self.settings),
            programs.controller_manager(layout),
            programs.scheduler(layout),
            programs.kwok(layout),
        ]

    def _start(self) -> None:
        self._children["etcd"].start()
        self._serve_api()
        for name in FOLLOWERS:
            self._children[name].start()
        self._add_nodes()
        self._until(self._schedulable, "kube-controller-manager")

    def _serve_api(self) -> None:
        self._children[API_SERVER].start()
        self._until(self.ready, API_SERVER)

    def _add_nodes(self) -> None:
        for number in range(1, self.settings.nodes + 1):
            name = f"node-{number}"
            labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "type": "kwok"}
            self.client.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})

    def _schedulable(self) -> bool:
        """Every node is ready and untainted, and the default service account that pods need exists."""
        nodes = self.client.list("Node")
        accounts = self.client.list("ServiceAccount", "default")
        return bool(accounts) and all(_takes_pods(node) for node in nodes)

    def _until(self, question: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not question():
            ended = [child for child in self._children.values() if child.started and not child.alive]
            if ended or time.monotonic() > deadline:
                failed = ended[0] if ended else self._children[name]
                raise CannotStartError(
                    f"{failed.name} did not come up; the end of {failed.log}:\n{failed.last_words()}"
                )
            time.sleep(0.05)

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=str(self.layout.authority.pair.certificate))
        # Proxies of the environment are for the world outside, not for loopback.
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )


def _takes_pods(node: dict[str, object]) -> bool:
    status, spec = node.get("status"), node.get("spec")
    assert isinstance(status, dict)
    ready = [entry["status"] for entry in status.get("conditions", []) if entry["type"] == "Ready"]
    return ready == ["True"] and not (isinstance(spec, dict) and spec.get("taints"))
