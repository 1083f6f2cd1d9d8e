"""What one control plane keeps under its directory: ports, certificates, access files, logs; made once.

harness.py makes one; programs.py reads it for the command lines.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from tests.controlplane.certificates import Authority, Pair, make_signing_key

# Below the ranges from which systems hand out ports to outgoing connections, so that a port is still free next time.
LOWEST_PORT, HIGHEST_PORT = 20000, 32000
CONTEXT = "meshdesk-test"
ADMINS = "system:masters"


class CannotStartError(Exception):
    """The control plane does not come up; says why and what to do."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of one control plane."""

    etcd: int
    etcd_peer: int
    api: int
    injector: int

    @classmethod
    def kept_in(cls, path: Path) -> Ports:
        """The ports that `path` remembers, or free ones, remembered there. CannotStartError when one is taken."""
        if path.is_file():
            ports = cls(**json.loads(path.read_text()))
            _check_free(ports, path)
            return ports
        ports = cls(*_free_ports(4))
        path.write_text(json.dumps(asdict(ports), indent=2))
        return ports


class Layout:
    """The files of one control plane; making it writes those that are missing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.logs = self._folder("logs")
        self.ports = Ports.kept_in(self.directory / "ports.json")
        self.authority = Authority(self._folder("certificates"), "ca")
        self.front_proxy = Authority(self._folder("certificates"), "front-proxy-ca")
        self.serving = self.authority.server("serving")
        self.proxy_client = self.front_proxy.client("front-proxy-client", "front-proxy-client")
        self.tokens: Pair = make_signing_key(self._folder("certificates"), "service-account-tokens")
        self.kubeconfigs = self._folder("kubeconfigs")

    @property
    def server(self) -> str:
        """The address of the API server."""
        return f"https://127.0.0.1:{self.ports.api}"

    def kubeconfig_for(self, user: str, groups: Sequence[str] = (), *, file_name: str | None = None) -> Path:
        """An access file for `user` in `groups`, by client certificate; made once for both."""
        name = file_name or _file_name(user, groups)
        path = self.kubeconfigs / f"{name}.yaml"
        if not path.is_file():
            pair = self.authority.client(f"client-{name}", user, groups)
            path.touch(mode=0o600)
            path.write_text(yaml.safe_dump(self._kubeconfig(user, pair)))
        return path

    def _kubeconfig(self, user: str, pair: Pair) -> dict[str, object]:
        cluster = {"server": self.server, "certificate-authority-data": _encoded(self.authority.pair.certificate)}
        access = {"client-certificate-data": _encoded(pair.certificate), "client-key-data": _encoded(pair.key)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": user, "user": access}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": user}}],
            "current-context": CONTEXT,
        }

    def _folder(self, name: str) -> Path:
        folder = self.directory / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


def _file_name(user: str, groups: Sequence[str]) -> str:
    mark = hashlib.sha256("\0".join([user, *sorted(groups)]).encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9.-]+', '-', user)}-{mark}"


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    # The system's own source, since a test run that seeds `random` would give every worker the same ports.
    candidates = random.SystemRandom().sample(range(LOWEST_PORT, HIGHEST_PORT), 200)
    free = [port for port in candidates if _is_free(port)]
    if len(free) < count:
        raise CannotStartError(f"No free ports between {LOWEST_PORT} and {HIGHEST_PORT} of 127.0.0.1.")
    return free[:count]


def _check_free(ports: Ports, path: Path) -> None:
    taken = [str(port) for port in asdict(ports).values() if not _is_free(port)]
    if taken:
        raise CannotStartError(
            f"Port {', '.join(taken)} of 127.0.0.1, which this control plane used before, is taken. "
            f"End the program that holds it, or remove {path.parent} to begin with a fresh cluster."
        )
